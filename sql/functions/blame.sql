-- Who wrote the bytes of a file, through symbolic links, that are there now.
-- Parameters: path, absolute and escaped (thule.path_names).
-- Returns: rows of thule.blame_at_op; none when there is no such file.
-- Tables touched: dirent, dirent_history, extent, extent_history, op, actor (read).
create function thule.blame(path text) returns table (off bigint, len bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable strict parallel safe rows 100
begin atomic
    select * from thule.blame_at_op((thule.walk_at_op(path, 9223372036854775807, follow => true)).ino, 9223372036854775807);
end;
