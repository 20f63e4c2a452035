-- Ends the session of a mount that has the lease, is asked for it and does not answer: its daemon is stopped, or its host is gone. One that is at work,
-- such as on an undo, is waited for. What was acknowledged there and is not committed stays in its journal.
-- Parameters: pid, the session's process. Returns: nothing. Errors: this role may not end that session (insufficient_privilege).
-- Tables touched: mount (read).
create function thule_internal.lease_end(pid integer) returns void
language plpgsql
as $$
begin
    perform from pg_stat_activity a where a.pid = lease_end.pid and a.wait_event is distinct from 'ClientRead' and a.state is not null;
    if not found then
        perform pg_terminate_backend(lease_end.pid);
    end if;
exception when insufficient_privilege then
    raise exception using errcode = 'insufficient_privilege',
        message = format('the session with the lease (pid %s, see thule.mount.backend) does not answer, and this role may not end it', lease_end.pid),
        hint = 'End its daemon, or have a role that may (pg_signal_backend) call pg_terminate_backend().';
end
$$;
