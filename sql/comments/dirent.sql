comment on table thule.dirent is
    'Names of now, one row for each entry of a directory. The root directory, inode 1, has no row. thule.file shows whole paths.';
comment on column thule.dirent.parent is 'Inode number of the directory that the name is in.';
comment on column thule.dirent.name is 'The name as bytes, 1 to 255 of them, in whatever encoding the program used that made it.';
comment on column thule.dirent.ino is 'Inode that the name leads to.';
comment on column thule.dirent.cookie is 'Position of the entry in listings of its directory (telldir(3)), unique in it. A rename within the directory keeps it.';
comment on table thule.dirent_history is
    'Names that ended (removed, renamed or replaced), in the columns of thule.dirent. thule.deleted_file shows those that were deleted, and by whom.';
