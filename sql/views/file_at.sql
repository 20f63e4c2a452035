-- thule.file as it was at an instant.
-- Parameters: at, system time.
-- Returns: rows of thule.file; none before the filesystem was made.
-- Tables touched: dirent, dirent_history, inode, inode_history, op (read).
create function thule.file_at(at timestamptz) returns setof thule.file
language sql stable strict parallel safe rows 10000
begin atomic
    select * from thule.file_at_op(thule.op_at(at));
end;
