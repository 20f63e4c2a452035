-- Ops whose kind, actor or mount is not known, or with a directory and no name in it.
create function thule_internal.fsck_op_reference() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'op_reference' as check_id, 'error' as severity, o.ino,
        format('op %s: %s', o.op, concat_ws(', ',
            case when k.id is null then format('unknown kind %s', o.kind) end,
            case when a.id is null then format('unknown actor %s', o.actor) end,
            case when m.id is null then format('unknown mount %s', o.mount) end,
            case when o.parent is not null and o.name is null then format('no name in directory %s', o.parent) end,
            case when (o.new_parent is null) <> (o.new_name is null) then 'half a new name' end)) as detail
    from thule.op o
    left join thule.op_kind k on k.id = o.kind
    left join thule.actor a on a.id = o.actor
    left join thule.mount m on m.id = o.mount
    where k.id is null or a.id is null or m.id is null
        or o.parent is not null and o.name is null or (o.new_parent is null) <> (o.new_name is null);
end;
