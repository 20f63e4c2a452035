-- Who did an op, for people.
-- Parameters: op. Returns: text such as 'vi (pid 4242, user ada)'; null where the log has no such op.
-- Tables touched: op, actor (read).
create function thule_internal.op_by(op bigint) returns text
language sql stable strict parallel safe
begin atomic
    select format('%s (pid %s, user %s)', coalesce(nullif(a.comm, ''), a.exe, '?'), a.pid,
        coalesce(a.username, a.uid::text))
    from thule.op o
    left join thule.actor a on a.id = o.actor
    where o.op = op_by.op;
end;
