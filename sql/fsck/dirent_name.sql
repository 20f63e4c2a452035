-- Names that no directory entry can have, in the present or the past: empty, longer than 255 bytes, `.` and `..`, with a
-- slash or a zero byte; and entries of or in numbers that no inode can have.
create function thule_internal.fsck_dirent_name() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'dirent_name' as check_id, 'error' as severity, d.ino,
        case when d.possible then format('name %s in directory %s is of inode %s: a number that no inode can have',
                thule.escape_name(d.name), d.parent, d.ino)
            else format('%s in directory %s is not a possible name%s', quote_literal(thule.escape_name(d.name)), d.parent,
                case when d.op_to < thule_internal.present() then format(' (ended by op %s)', d.op_to) end) end as detail,
        d.op, case when d.op_to < thule_internal.present() then 'none: the past is not rewritten; `thule prune --keep 0s PATH` deletes it' else 'the name goes; what has no other is moved to lost+found' end as repair
    from (
        select n.*, octet_length(n.name) between 1 and 255
            and n.name not in ('\x2e', '\x2e2e')
            and position('\x2f'::bytea in n.name) = 0
            and position('\x00'::bytea in n.name) = 0 as possible
        from (
            select parent, name, ino, op_to, op_from as op from thule.dirent
            union all
            select parent, name, ino, op_to, op_to from thule.dirent_history
        ) n
    ) d
    where not d.possible
        or d.ino not between 1 and 1099511627775 or d.parent not between 1 and 1099511627775;
end;

-- In place, as the past must not have such rows. What has no name any more: thule_internal.repair_inode_orphan.
create function thule_internal.repair_dirent_name() returns void
language plpgsql
as $$
begin
    with gone as (
        delete from thule.dirent d
        where octet_length(d.name) not between 1 and 255 or d.name in (E'\\x2e', E'\\x2e2e') or position(E'\\x2f'::bytea in d.name) > 0
            or position(E'\\x00'::bytea in d.name) > 0
            or d.ino not between 1 and 1099511627775 or d.parent not between 1 and 1099511627775
        returning d.parent, d.name, d.ino
    ), noted as (
        insert into pg_temp.touched (parent, name) select g.parent, g.name from gone g
    )
    insert into pg_temp.repair_inode (ino) select g.parent from gone g union select g.ino from gone g on conflict do nothing;
end
$$;
