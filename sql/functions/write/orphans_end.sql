-- Ends the inodes without a name where nothing is mounted that may have one open: of several mounts, who is the last to end may have followed
-- another until then.
-- Parameters: none. Returns: how many. Errors: those of thule_internal.write_begin.
-- Tables touched: mount (read), inode, extent, xattr and the tables of their past, and those of thule_internal.write_op (written).
create function thule_internal.orphans_end() returns bigint
language plpgsql
as $$
declare
    ended bigint := 0;
    i     record;
    w     record;
begin
    if exists (select from thule.mount m where m.ended_at is null and not m.read_only) or not exists (select from thule.inode o where o.nlink = 0) then
        return 0;
    end if;
    perform thule_internal.write_begin();
    if exists (select from thule.mount m where m.ended_at is null and not m.read_only) then
        return 0;
    end if;
    for i in select o.ino from thule.inode o where o.nlink = 0 loop
        w := thule_internal.write_op('forget', i.ino);
        perform thule_internal.write_gone(i.ino, w.op, w.at);
        ended := ended + 1;
    end loop;
    return ended;
end
$$;
