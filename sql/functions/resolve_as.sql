-- The inode that a path named once an op had happened, for a user.
-- Parameters: path, absolute and escaped; at_op, an op; viewer, as of thule.permits.
-- Returns: ino; null when there was no such path. Errors: the path leads through a directory that he may not search, whether or
--   not there is anything (insufficient_privilege).
-- Tables touched: those of thule.may_reach (read).
create function thule.resolve_as(path text, at_op bigint, viewer bigint[]) returns bigint
language plpgsql stable parallel safe cost 10000
as $$
declare
    names  bytea[];
    dir    text := '';
    at_ino bigint := 1;
begin
    if viewer is null then
        return thule.resolve_at_op(path, at_op);
    end if;
    names := thule.path_names(path);
    for i in 1 .. coalesce(array_length(names, 1), 0) loop
        if not thule.may_reach(at_ino, at_op, 1, viewer) then
            raise exception using errcode = 'insufficient_privilege',
                message = format('%s: you may not look into %s', path, coalesce(nullif(dir, ''), '/'));
        end if;
        dir := dir || '/' || thule.escape_name(names[i]);
        at_ino := thule.resolve_at_op(dir, at_op);
        exit when at_ino is null;
    end loop;
    return at_ino;
end
$$;
