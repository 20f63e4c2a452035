-- The inode that has a path by names alone: as a view shows it, through no symbolic link.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: ino; null when nothing has that path.
-- Tables touched: those of thule.resolve and thule.path (read).
create function thule_internal.plain_inode(path text) returns bigint
language sql stable parallel safe cost 1000
begin atomic
    select r.ino
    from (select thule.resolve(plain_inode.path) as ino offset 0) r
    where exists (
        select from thule.dirent d
        where d.ino = r.ino and thule_internal.entry_path(d.parent, d.name, thule_internal.present()) = thule_internal.plain_path(plain_inode.path)
    ) or r.ino = 1 and thule_internal.plain_path(plain_inode.path) = '';
end;
