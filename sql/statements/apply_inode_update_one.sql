-- One row of apply_inode_update.sql.
update thule.inode i
set mode = $2::integer, nlink = $3::integer, uid = $4::bigint, gid = $5::bigint, rdev = $6::bigint, size = $7::bigint,
    allocated = $8::bigint, atime_ns = $9::bigint, mtime_ns = $10::bigint, ctime_ns = $11::bigint,
    btime_ns = $12::bigint, flags = $13::integer, xattrs = $14::integer,
    project = $15::bigint, target = $16::bytea, op_from = $17::bigint, valid_from = $18::timestamptz,
    era = case when hashint8($17::bigint) & 31 = 0 then $17::bigint else i.era end
where i.ctid = (select p.ctid from thule.inode p where p.ino = $1::bigint order by p.era desc nulls last limit 1)
