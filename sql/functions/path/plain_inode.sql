-- The inode that has a path by names alone: as a view shows it, through no symbolic link.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: ino; null when nothing has that path, and for who may not read the tables: the planner asks it for branches that will not run.
-- Tables touched: those of thule.resolve and thule.path (read).
create function thule_internal.plain_inode(path text) returns bigint
language plpgsql stable parallel safe cost 1000
as $$
begin
    if not thule_internal.sees_tables() then
        return null;
    end if;
    return (
        select r.ino
        from (select thule.resolve(plain_inode.path) as ino offset 0) r
        where exists (
            select from thule.dirent d
            where d.ino = r.ino and thule_internal.entry_path(d.parent, d.name, thule_internal.present()) = thule_internal.plain_path(plain_inode.path)
        ) or r.ino = 1 and thule_internal.plain_path(plain_inode.path) = '');
end
$$;
