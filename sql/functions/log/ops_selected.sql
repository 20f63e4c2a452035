-- The ops after `low` and until `high` that fit what is asked of processes, tags and kinds; each that is null fits all.
-- Parameters: low, high, ops; username, a name or a uid; pid; exe, a path or its last part; tag; kind. Returns: ops. Tables touched: op, op_kind, actor (read).
create function thule_internal.ops_selected(low bigint, high bigint, username text, pid integer, exe text, tag text, kind text)
returns table (op bigint, ino bigint, parent bigint)
language sql stable parallel safe rows 1000
begin atomic
    select o.op, o.ino, o.parent
    from thule.op o
    left join thule.op_kind k on k.id = o.kind
    left join thule.actor p on p.id = o.actor
    where o.op > low and o.op <= high
        and (ops_selected.username is null or p.username = ops_selected.username or p.uid::text = ops_selected.username)
        and (ops_selected.pid is null or p.pid = ops_selected.pid)
        and (ops_selected.exe is null or p.exe = ops_selected.exe or right(p.exe, length(ops_selected.exe) + 1) = '/' || ops_selected.exe)
        and (ops_selected.tag is null or o.tag = ops_selected.tag)
        and (ops_selected.kind is null or k.name = ops_selected.kind);
end;
