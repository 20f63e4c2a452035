-- As whom the session changes something: thule_internal.session_viewer of those who may.
-- Parameters: none. Returns: as thule_internal.session_viewer. Errors: it may not (insufficient_privilege), and those of
--   thule_internal.session_grant. Tables touched: role (read).
create function thule_internal.session_writer() returns bigint[]
language plpgsql stable
as $$
declare
    mine thule.role := thule_internal.session_grant();
    me   text := thule_internal.session_role();
begin
    if mine.kind is null and has_table_privilege(me, 'thule.op'::regclass, 'insert') then
        return null;
    elsif mine.kind = 'writer' then
        return array[mine.uid, mine.gid] || mine.groups;
    end if;
    raise exception using errcode = 'insufficient_privilege',
        message = format('role %I may not change files%s', me, ': it is a granted ' || mine.kind),
        hint = format('The owner of the database can say `thule grant writer %I --uid U`.', me);
end
$$;
