-- Makes the actor as whom this session changes files from the next op on, where the log knows none: completes the transaction's row in thule.sql_write, with its
-- mount, too, which is one for all sessions of SQL.
-- Parameters: op, the next one of the log. Returns: the row. Tables touched: sql_write, actor, mount (written).
create function thule_internal.write_start(op bigint) returns thule.sql_write
language plpgsql
as $$
declare
    w thule.sql_write;
begin
    select s.* into w from thule.sql_write s where s.xact = pg_current_xact_id();
    if w.actor is null then
        w.actor := thule_internal.session_actor(w.viewer, op);
    end if;
    if w.mount is null then
        select m.id into w.mount from thule.mount m where m.source = 'sql' and m.mountpoint = '' order by m.id limit 1;
        if not found then
            insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend, ended_at)
                values ('', '', 0, '', 'sql', '', '', false, pg_backend_pid(), clock_timestamp())
                returning id into w.mount;
        end if;
    end if;
    update thule.sql_write s set actor = w.actor, mount = w.mount where s.xact = w.xact;
    return w;
end
$$;

-- Notes again that the transaction has the right to write, where that ended as soon as it was noted: after a caller's `set constraints all immediate`. From
-- now on the end comes at the end.
-- Parameters: none. Returns: nothing. Errors: it has not the right (object_not_in_prerequisite_state), and those of
--   thule_internal.write_begin. Tables touched: those of thule_internal.write_begin.
create function thule_internal.write_noted() returns void
language plpgsql
as $$
begin
    if not exists (select from pg_locks l where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.relation = 'thule.lease'::regclass
        and l.mode = 'ExclusiveLock' and l.granted) then
        raise exception using errcode = 'object_not_in_prerequisite_state', message = 'this transaction has not the right to write',
            hint = 'Call thule_internal.write_begin() first.';
    end if;
    set constraints thule.write_end deferred;
    perform thule_internal.write_begin();
end
$$;
