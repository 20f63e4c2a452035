comment on table thule.inode is
    'Inodes of now, one row each: the attributes that stat(2) shows. Times of the file are nanoseconds since 1970. thule.file shows them with paths.';
comment on column thule.inode.ino is 'Inode number, as stat(2) shows it; the root directory is 1. Never used again.';
comment on column thule.inode.mode is 'st_mode: file type and permission bits in one number. mode & 4095 are the permission bits, mode & 61440 the type (32768 a regular file, 16384 a directory, 40960 a symbolic link).';
comment on column thule.inode.nlink is 'Number of hard links; of a directory 2 plus the number of its subdirectories. 0: it has no name any more and a process has it open.';
comment on column thule.inode.uid is 'User id of the owner.';
comment on column thule.inode.gid is 'Group id of the file.';
comment on column thule.inode.rdev is 'st_rdev of a device, 0 for anything else.';
comment on column thule.inode.size is 'Size in bytes; of a symbolic link the length of its target.';
comment on column thule.inode.allocated is 'Bytes that st_blocks counts (du), holes excepted.';
comment on column thule.inode.atime_ns is 'Last read, in nanoseconds since 1970. A read alone begins no new version.';
comment on column thule.inode.mtime_ns is 'Last change of the content, in nanoseconds since 1970.';
comment on column thule.inode.ctime_ns is 'Last change of content or attributes, in nanoseconds since 1970.';
comment on column thule.inode.btime_ns is 'Creation, in nanoseconds since 1970.';
comment on column thule.inode.flags is 'FS_*_FL bits that chattr(1) sets: 16 immutable, 32 append-only, 64 no dump, 128 no atime updates.';
comment on column thule.inode.xattrs is 'Number of its rows in thule.xattr.';
comment on column thule.inode.project is 'Number of the directory tree with a quota that it counts for: thule.quota.id. 0: none.';
comment on column thule.inode.target is 'Where a symbolic link points to, as bytes; NULL for anything else.';
comment on column thule.inode.era is
    'The op of the last version that was given an entry of its own in the index, after those before it; NULL: of none. It says nothing of the file.';
comment on table thule.inode_history is
    'Versions of inodes that ended, in the columns of thule.inode. The state as of op N has the rows with op_from <= N and op_to > N.';
