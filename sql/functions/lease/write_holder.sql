-- Who writes files by SQL: the transaction that has, or asks for, the right to write (thule_internal.write_begin).
-- Parameters: none. Returns: no row, or one; has, it has the right; since, when it asked, about: when its transaction began. What roles with
--   fewer rights may not see in pg_stat_activity is null. Tables touched: lease, mount (read).
create function thule_internal.writer_now()
returns table (pid integer, role text, application_name text, client text, since timestamptz, has boolean, waiting bigint)
language sql stable rows 1
begin atomic
    select l.pid, a.usename::text, a.application_name, coalesce(host(a.client_addr), 'local'), a.xact_start,
        not exists (select from thule_internal.lease_state() s where not s.lent and s.pid <> l.pid),
        (select count(*) from pg_locks w where w.locktype = 'relation' and w.relation = 'thule.write_queue'::regclass
            and w.database = l.database and not w.granted)
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'relation' and l.relation = 'thule.lease'::regclass and l.mode = 'ExclusiveLock' and l.granted
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
    limit 1;
end;

-- The same, for the owner and auditors.
create function thule.write_holder()
returns table (pid integer, role text, application_name text, client text, since timestamptz, has boolean, waiting bigint)
language plpgsql stable rows 1
as $$
begin
    if not thule_internal.sees_tables() then
        perform thule_internal.closed('thule.write_holder()', 'A change by SQL waits for whoever has the right to write; lock_timeout ends that.');
    end if;
    return query select w.* from thule_internal.writer_now() w;
end
$$;

comment on function thule.write_holder() is
    'The SQL transaction that changes files at this moment, if there is one: its process, role, application and client, when it began, whether it has the right to write already, and how many others wait behind it. Example: select * from thule.write_holder();';
