-- thule.file as it was at an instant.
-- Parameters: at, system time.
-- Returns: rows of thule.file; none before the filesystem was made. Errors: those of thule.kept_op.
-- Tables touched: dirent, dirent_history, inode, inode_history, op, superblock, snapshot (read).
create function thule.file_at(at timestamptz) returns setof thule.file
language sql stable strict parallel safe rows 10000
begin atomic
    select * from thule.file_at_op(thule.kept_op(at));
end;
