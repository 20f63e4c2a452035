-- Many of the rows of apply_inode_insert.sql.
copy thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags,
    xattrs, project, target, op_from, valid_from) from stdin (format binary)
