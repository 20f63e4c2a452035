-- What the log knows of this session as a process, as thule_internal.session_actor has put it there.
-- Parameters: viewer, as whom it acts (thule_internal.session_viewer). Returns: no row, or one: actor, its thule.actor.id; mount, of its first op,
--   null when that was pruned. Tables touched: actor, op (read).
-- The session's setting thule.sql_actor says which row it has; that is looked at, since anybody may set it.
create function thule_internal.session_known(viewer bigint[]) returns table (actor bigint, mount integer)
language sql stable rows 1
begin atomic
    select a.id::bigint, o.mount::integer
    from thule.actor a
    left join lateral (select p.mount from thule.op p where p.op = a.id offset 0) o on true
    where a.id = substring(current_setting('thule.sql_actor', true) from '^\d{1,18}$')::bigint
        and a.host = coalesce(host(inet_client_addr()), '') and a.pid = pg_backend_pid() and a.uid = coalesce(viewer[1], 0) and a.gid = coalesce(viewer[2], 0)
        and a.comm = current_setting('application_name') and a.username = thule_internal.session_role() and a.exe = 'postgres';
end;
