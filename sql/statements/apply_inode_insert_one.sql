-- One row of apply_inode_insert.sql.
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns,
                         btime_ns, flags, xattrs, project, target, op_from, valid_from)
values ($1::bigint, $2::integer, $3::integer, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::bigint,
        $11::bigint, $12::bigint, $13::integer, $14::integer, $15::bigint, $16::bytea, $17::bigint, $18::timestamptz)
