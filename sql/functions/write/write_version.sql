-- Begins the next version of an inode that is there: what sql/statements/apply_inode_close.sql and apply_inode_update.sql do for a batch.
-- Parameters: i, the inode as it is from this op on, of which op_from and later columns do not count; op, at, as of thule_internal.write_op.
-- Returns: its number. May be called again for the same inode and op. Tables touched: inode, inode_history (written).
create function thule_internal.write_version(i thule.inode, op bigint, at timestamptz) returns bigint
language plpgsql
as $$
#variable_conflict use_variable
declare
    place tid;
begin
    select p.ctid into place from thule.inode p where p.ino = i.ino order by p.era desc nulls last limit 1;
    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags, xattrs,
            project, target, op_from, valid_from, op_to, valid_to)
        select p.ino, p.mode, p.nlink, p.uid, p.gid, p.rdev, p.size, p.allocated, p.atime_ns, p.mtime_ns, p.ctime_ns, p.btime_ns, p.flags,
            p.xattrs, p.project, p.target, p.op_from, p.valid_from, op, at
        from thule.inode p where p.ctid = place and p.op_from < op;
    update thule.inode p
        set mode = i.mode, nlink = i.nlink, uid = i.uid, gid = i.gid, rdev = i.rdev, size = i.size, allocated = i.allocated,
            atime_ns = i.atime_ns, mtime_ns = i.mtime_ns, ctime_ns = i.ctime_ns, btime_ns = i.btime_ns, flags = i.flags, xattrs = i.xattrs,
            project = i.project, target = i.target, op_from = op, valid_from = at,
            era = case when hashint8(op) & 31 = 0 then op else p.era end
        where p.ctid = place;
    return i.ino;
end
$$;

-- Makes an inode: its first version. Parameters and tables as those of thule_internal.write_version.
create function thule_internal.write_new(i thule.inode, op bigint, at timestamptz) returns void
language plpgsql
as $$
begin
    insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags, xattrs,
            project, target, op_from, valid_from)
        values (i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns, i.btime_ns, i.flags,
            i.xattrs, i.project, i.target, op, at);
end
$$;

-- Ends an inode and all that it has: what is left is its past.
-- Parameters: ino; op, at, as of thule_internal.write_op. Returns: nothing.
-- Tables touched: inode, extent, xattr and the tables of their past (written).
create function thule_internal.write_gone(ino bigint, op bigint, at timestamptz) returns void
language plpgsql
as $$
#variable_conflict use_variable
begin
    with gone as (
        delete from thule.inode p where p.ino = ino returning p.*
    )
    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags, xattrs,
            project, target, op_from, valid_from, op_to, valid_to)
        select p.ino, p.mode, p.nlink, p.uid, p.gid, p.rdev, p.size, p.allocated, p.atime_ns, p.mtime_ns, p.ctime_ns, p.btime_ns, p.flags,
            p.xattrs, p.project, p.target, p.op_from, p.valid_from, op, at
        from gone p where p.op_from < op;
    with gone as (
        delete from thule.extent e where e.ino = ino returning e.*
    )
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
        select g.ino, g.file_off, g.len, g.blob, g.blob_off, g.op_from, op from gone g;
    with gone as (
        delete from thule.xattr x where x.ino = ino returning x.*
    )
    insert into thule.xattr_history (ino, name, value, op_from, valid_from, op_to, valid_to)
        select g.ino, g.name, g.value, g.op_from, g.valid_from, op, at from gone g where g.op_from < op;
end
$$;
