-- Many of the rows of apply_inode_history.sql.
copy thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags,
    xattrs, project, target, op_from, valid_from, op_to, valid_to) from stdin (format binary)
