-- Ops whose kind, actor or mount is not known.
create function thule_internal.fsck_op_reference() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'op_reference' as check_id, 'error' as severity, o.ino,
        format('op %s: unknown%s%s%s', o.op,
            case when k.id is null then format(' kind %s', o.kind) end,
            case when a.id is null then format(' actor %s', o.actor) end,
            case when m.id is null then format(' mount %s', o.mount) end) as detail
    from thule.op o
    left join thule.op_kind k on k.id = o.kind
    left join thule.actor a on a.id = o.actor
    left join thule.mount m on m.id = o.mount
    where k.id is null or a.id is null or m.id is null;
end;
