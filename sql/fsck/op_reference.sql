-- Ops whose kind, actor or mount is not known, or with a directory and no name in it.
create function thule_internal.fsck_op_reference() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'op_reference' as check_id, 'error' as severity, o.ino,
        format('op %s: %s', o.op, concat_ws(', ',
            case when k.id is null then format('unknown kind %s', o.kind) end,
            case when a.id is null then format('unknown actor %s', o.actor) end,
            case when m.id is null then format('unknown mount %s', o.mount) end,
            case when o.parent is not null and o.name is null then format('no name in directory %s', o.parent) end,
            case when (o.new_parent is null) <> (o.new_name is null) then 'half a new name' end)) as detail,
        o.op, case when k.id is null then 'none: the log is not rewritten; a newer program may know the kind'
            when a.id is not null and m.id is not null then 'none: the log is not rewritten'
            else 'noted as unknown' end as repair
    from thule.op o
    left join thule.op_kind k on k.id = o.kind
    left join thule.actor a on a.id = o.actor
    left join thule.mount m on m.id = o.mount
    where k.id is null or a.id is null or m.id is null
        or o.parent is not null and o.name is null or (o.new_parent is null) <> (o.new_name is null);
end;

-- The log stays as it is: what it refers to is made, and called unknown.
create function thule_internal.repair_op_reference() returns void
language plpgsql
as $$
begin
    insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, exe, comm, cmdline, cgroup, incomplete)
        select distinct o.actor, '', '', 0, 0, 0, 0, 0, '', 'unknown', '', '', true
        from thule.op o
        where not exists (select from thule.actor a where a.id = o.actor);
    insert into thule.mount (id, host, boot_id, pid, mountpoint, source, options, version, read_only, backend, ended_at, last_op)
        overriding system value
        select o.mount, '', '', 0, '', 'unknown', '', '', true, 0, now(), max(o.op)
        from thule.op o
        where not exists (select from thule.mount m where m.id = o.mount)
        group by o.mount;
    -- No mount to come has the number of one of these.
    perform setval(s.name, greatest(nextval(s.name), (select max(m.id) from thule.mount m)))
        from (select pg_get_serial_sequence('thule.mount', 'id') as name) s;
end
$$;
