-- Versions of one row that were true at the same time, by op. Of extents, whose rows are cut: fsck_extent_version.
create function thule_internal.fsck_version_overlap() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    select 'version_overlap' as check_id, 'error' as severity, v.ino,
        format('the inode''s version from op %s to %s overlaps the one from op %s', v.op_from, v.op_to, v.next) as detail,
        v.next as op, 'the earlier one ends where the later begins' as repair
    from (
        select i.ino, i.op_from, i.op_to, lead(i.op_from) over (partition by i.ino order by i.op_from, i.op_to) as next
        from (
            select ino, op_from, op_to from thule.inode
            union all
            select ino, op_from, op_to from thule.inode_history
        ) i
    ) v
    where v.op_to > v.next
    union all
    select 'version_overlap', 'error', v.ino,
        format('name %s in directory %s: the version from op %s to %s overlaps the one from op %s',
            thule.escape_name(v.name), v.parent, v.op_from, v.op_to, v.next), v.next,
        'the earlier one ends where the later begins'
    from (
        select d.parent, d.name, d.ino, d.op_from, d.op_to,
            lead(d.op_from) over (partition by d.parent, d.name order by d.op_from, d.op_to) as next
        from (
            select parent, name, ino, op_from, op_to from thule.dirent
            union all
            select parent, name, ino, op_from, op_to from thule.dirent_history
        ) d
    ) v
    where v.op_to > v.next
    union all
    select 'version_overlap', 'error', v.ino,
        format('attribute %s: the version from op %s to %s overlaps the one from op %s',
            thule.escape_name(v.name), v.op_from, v.op_to, v.next), v.next,
        'the earlier one ends where the later begins'
    from (
        select x.ino, x.name, x.op_from, x.op_to,
            lead(x.op_from) over (partition by x.ino, x.name order by x.op_from, x.op_to) as next
        from (
            select ino, name, op_from, op_to from thule.xattr
            union all
            select ino, name, op_from, op_to from thule.xattr_history
        ) x
    ) v
    where v.op_to > v.next;
end;

-- In place, as no op has ended the earlier one: it ends where the later one begins.
create function thule_internal.repair_version_overlap() returns void
language plpgsql
as $$
declare
    one record;
begin
    for one in select * from (values ('inode', 'ino'), ('dirent', 'parent, name'), ('xattr', 'ino, name')) t (rel, key) loop
        -- Present ones first get an end, and so are versions of the past.
        execute format($q$
            with version as (
                select v.tableoid as place, v.ctid as id, v.op_to, lead(v.op_from) over w as next, lead(v.valid_from) over w as next_from
                from (
                    select %2$s, op_from, op_to, valid_from, tableoid, ctid from thule.%1$I
                    union all
                    select %2$s, op_from, op_to, valid_from, tableoid, ctid from thule.%3$I
                ) v
                window w as (partition by %2$s order by op_from, op_to)
            ), past as (
                update thule.%3$I h set op_to = v.next, valid_to = greatest(h.valid_from, v.next_from)
                from version v
                where v.op_to > v.next and v.place = 'thule.%3$I'::regclass and h.ctid = v.id
            )
            update thule.%1$I p set op_to = v.next, valid_to = greatest(p.valid_from, v.next_from)
            from version v
            where v.op_to > v.next and v.place = 'thule.%1$I'::regclass and p.ctid = v.id$q$, one.rel, one.key, one.rel || '_history');
        execute format('with gone as (delete from thule.%1$I p where p.op_to < $1 returning p.*) insert into thule.%2$I select g.* from gone g',
            one.rel, one.rel || '_history') using thule_internal.present();
        execute format('delete from thule.%I h where h.op_from >= h.op_to', one.rel || '_history');
    end loop;
    insert into pg_temp.touched (parent, name)
        select d.parent, d.name from thule.dirent d where d.ino in (select f.ino from pg_temp.repair_found f where f.check_id = 'version_overlap');
    insert into pg_temp.repair_inode (ino)
        select distinct f.ino from pg_temp.repair_found f where f.check_id = 'version_overlap' on conflict do nothing;
end
$$;
