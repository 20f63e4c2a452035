-- Who wrote the bytes of a file, through symbolic links, that are there now.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: rows of thule_internal.blame_at_op; none when there is no such file.
-- Tables touched: dirent, dirent_history, extent, extent_history, op, actor (read).
create function thule.blame(path text) returns table (off bigint, len bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable strict parallel safe rows 100
begin atomic
    select * from thule_internal.blame_at_op((thule_internal.walk_at_op(path, thule_internal.present(), follow => true)).ino, thule_internal.present());
end;

comment on function thule.blame(text) is
    'Who wrote the bytes of a file that are there now: one row for each range, with the op, the process and its time. No rows: there is no such file. Example: select off, len, username, exe, at from thule.blame(''/a/b'');';
