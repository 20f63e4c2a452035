-- The inode that a path names: through symbolic links, but for the last name.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: ino; null when there is no such path.
-- Tables touched: those of thule_internal.walk_at_op (read).
create function thule.resolve(path text) returns bigint
language sql stable parallel safe cost 500
return thule.resolve_at_op(path, thule_internal.present());

comment on function thule.resolve(text) is
    'Inode that a path names now, through symbolic links but for the last name; NULL: there is no such path. Example: select * from thule.inode where ino = thule.resolve(''/a/b'');';

-- The same in the past, by the links of then. Parameters: at, system time.
-- Errors: also those of thule_internal.kept_op. Tables touched: also op, superblock, snapshot (read).
create function thule.resolve(path text, at timestamptz) returns bigint
language sql stable strict parallel safe cost 1000
return thule.resolve_at_op(path, thule_internal.kept_op(at));

comment on function thule.resolve(text, timestamptz) is
    'Inode that a path named at a time of the past, by the names and links of then; NULL: there was no such path. Example: select thule.resolve(''/a/b'', now() - interval ''1 day'');';
