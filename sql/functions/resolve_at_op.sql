-- The inode that a path named once an op had happened. Follows no symbolic links.
-- Parameters: path, absolute and escaped (thule.path_names); at_op, an op (2^63-1: the present).
-- Returns: ino; null when there was no such path.
-- Tables touched: dirent, dirent_history (read).
-- One probe of the present and at most one of the past for each name: versions of one name do not overlap, so
-- only the last one that began by then can have been true.
create function thule.resolve_at_op(path text, at_op bigint) returns bigint
language plpgsql stable strict parallel safe cost 500
as $$
declare
    at_ino    bigint := 1;
    step      bytea;
    next_ino  bigint;
    ended     bigint;
begin
    foreach step in array thule.path_names(path) loop
        select d.ino into next_ino from thule.dirent d
            where d.parent = at_ino and d.name = step and d.op_from <= at_op;
        if not found then
            select d.ino, d.op_to into next_ino, ended from thule.dirent_history d
                where d.parent = at_ino and d.name = step and d.op_from <= at_op
                order by d.op_from desc limit 1;
            if not found or ended <= at_op then
                return null;
            end if;
        end if;
        at_ino := next_ino;
    end loop;
    return at_ino;
end
$$;
