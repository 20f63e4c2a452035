-- One row of apply_inode_history.sql.
insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns,
                                 ctime_ns, btime_ns, flags, xattrs, project, target, op_from, valid_from, op_to,
                                 valid_to)
values ($1::bigint, $2::integer, $3::integer, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::bigint,
        $11::bigint, $12::bigint, $13::integer, $14::integer, $15::bigint, $16::bytea, $17::bigint, $18::timestamptz, $19::bigint, $20::timestamptz)
