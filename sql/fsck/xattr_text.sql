-- Extended attributes that none can be, in the present or the past: a name that is empty, longer than 255 bytes or has a
-- zero byte, a value of more than 64 KiB.
create function thule_internal.fsck_xattr_text() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'xattr_text' as check_id, 'error' as severity, x.ino,
        format('attribute %s, a name of %s bytes, has a value of %s bytes%s', quote_literal(left(thule.escape_name(x.name), 64)),
            octet_length(x.name), octet_length(x.value),
            case when x.op_to < thule_internal.present() then format(' (ended by op %s)', x.op_to) end) as detail,
        x.op, case when x.op_to < thule_internal.present() then 'none: the past is not rewritten; `thule prune --keep 0s PATH` deletes it' else 'the attribute goes' end as repair
    from (
        select ino, name, value, op_to, op_from as op from thule.xattr
        union all
        select ino, name, value, op_to, op_to from thule.xattr_history
    ) x
    where octet_length(x.name) not between 1 and 255 or position('\x00'::bytea in x.name) > 0
        or octet_length(x.value) > 65536;
end;

-- In place, as the past must not have such rows.
create function thule_internal.repair_xattr_text() returns void
language plpgsql
as $$
begin
    with gone as (
        delete from thule.xattr x
        where octet_length(x.name) not between 1 and 255 or position(E'\\x00'::bytea in x.name) > 0 or octet_length(x.value) > 65536
        returning x.ino
    )
    insert into pg_temp.repair_inode (ino) select distinct g.ino from gone g on conflict do nothing;
end
$$;
