-- thule.file as it was at an instant.
-- Parameters: at, system time.
-- Returns: rows of thule.file; none before the filesystem was made. Errors: those of thule_internal.kept_op.
-- Tables touched: dirent, dirent_history, inode, inode_history, op, superblock, snapshot (read).
create function thule.file_at(at timestamptz) returns setof thule.file
language sql stable strict parallel safe rows 10000
begin atomic
    select * from thule.file_at_op(thule_internal.kept_op(at));
end;

comment on function thule.file_at(timestamptz) is
    'thule.file as it was at a time. Example: select path, size from thule.file_at(now() - interval ''1 day'') where kind = ''file'';';
