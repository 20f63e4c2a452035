-- The path that a name in a directory had once an op had happened, whether or not the name was there.
-- Parameters: parent, the directory's ino; name; at_op, an op.
-- Returns: text, escaped; null when a parameter is, or when the directory had no path then (thule.path_at_op).
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.entry_path(parent bigint, name bytea, at_op bigint) returns text
language sql stable parallel safe cost 1000
return case when parent is not null and name is not null
    then rtrim(thule.path_at_op(parent, at_op), '/') || '/' || thule.escape_name(name) end;
