-- The content of a regular file, holes as zeros.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: bytea; null for what has no bytes, see thule.content_at_op. Errors: those of it.
-- Tables touched: dirent, dirent_history, inode, inode_history, extent, extent_history, blob (read).
create function thule.content(path text) returns bytea
language sql stable strict parallel safe cost 10000
return thule.content_at_op(path, thule_internal.present());

comment on function thule.content(text) is
    'Bytes of a regular file, holes as zeros; NULL for a directory or anything else without bytes. No such path, and a file of more than 1 GB, are errors. Example: select convert_from(thule.content(''/a/b''), ''UTF8'');';

-- The same in the past. Parameters: at, system time.
-- Errors: also those of thule_internal.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.content(path text, at timestamptz) returns bytea
language sql stable strict parallel safe cost 10000
return thule.content_at_op(path, thule_internal.kept_op(at));

comment on function thule.content(text, timestamptz) is
    'Bytes of a regular file at a time of the past, under the path that it had then. Example: select thule.content(''/a/b'', now() - interval ''1 day'');';
