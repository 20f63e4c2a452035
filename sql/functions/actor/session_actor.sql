-- The role that this session acts as, whoever owns the function that asks: that of set role, else the one that logged in.
-- Parameters: none. Returns: text. Tables touched: none.
create function thule_internal.session_role() returns text
language sql stable
return coalesce(nullif(current_setting('role'), 'none'), session_user::text);

-- Puts this session into the log as a process. It has one row of thule.actor for each role and application_name that it has while it changes files, which
-- thule_internal.session_known finds again.
-- Parameters: viewer, as whom it acts (thule_internal.session_viewer); op, the first one of it, which is the row's id. Returns: that.
-- Tables touched: actor (written).
create function thule_internal.session_actor(viewer bigint[], op bigint) returns bigint
language plpgsql
as $$
begin
    insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, exe, comm, cmdline, cgroup, username)
        select op, coalesce(host(inet_client_addr()), ''), '', pg_backend_pid(), coalesce((extract(epoch from s.backend_start) * 1000000)::bigint, 0), 0,
            coalesce(viewer[1], 0), coalesce(viewer[2], 0), 'postgres', current_setting('application_name'),
            format('postgres: %s %s %s', session_user, current_database(),
                coalesce(host(inet_client_addr()) || '(' || inet_client_port() || ')', '[local]')), '', thule_internal.session_role()
        from (select max(p.backend_start) as backend_start from pg_stat_activity p where p.pid = pg_backend_pid()) s;
    perform set_config('thule.sql_actor', op::text, false);
    return op;
end
$$;
