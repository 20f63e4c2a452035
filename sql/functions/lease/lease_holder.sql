-- The session that has the lease: see thule_internal.lease_state.
-- Parameters: none. Returns: its process in the server; null when nobody has it.
-- Tables touched: lease, mount (read).
create function thule_internal.lease_pid() returns integer
language plpgsql stable
as $$
begin
    return (select s.pid from thule_internal.lease_state() s);
end
$$;

-- The same, for the owner and auditors.
create function thule.lease_holder() returns integer
language sql stable
return case when thule_internal.sees_tables() then thule_internal.lease_pid()
    else thule_internal.closed('thule.lease_holder()', 'A change by SQL waits for whoever has it.')::integer end;

comment on function thule.lease_holder() is
    'Server process (pg_stat_activity.pid) of the session that may write the filesystem; NULL: nobody has it mounted for writing. Example: select thule.lease_holder();';
