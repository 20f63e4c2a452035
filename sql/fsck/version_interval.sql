-- System time of versions: one that ended began before, but where the clock was set back meanwhile; one that is present has
-- not ended. Extents have no times of their own.
create function thule_internal.fsck_version_interval() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    with version as (
        select 'inode' as rel, true as present, ino, op_from, op_to, valid_from, valid_to from thule.inode
        union all
        select 'inode', false, ino, op_from, op_to, valid_from, valid_to from thule.inode_history
        union all
        select 'dirent', true, ino, op_from, op_to, valid_from, valid_to from thule.dirent
        union all
        select 'dirent', false, ino, op_from, op_to, valid_from, valid_to from thule.dirent_history
        union all
        select 'extent', true, ino, op_from, op_to, null, null from thule.extent
        union all
        select 'extent', false, ino, op_from, op_to, null, null from thule.extent_history
        union all
        select 'xattr', true, ino, op_from, op_to, valid_from, valid_to from thule.xattr
        union all
        select 'xattr', false, ino, op_from, op_to, valid_from, valid_to from thule.xattr_history
    )
    select 'version_interval' as check_id, 'error' as severity, v.ino,
        format('%s version of table %s from op %s%s to op %s%s',
            case when v.present then 'a present' else 'an ended' end, v.rel, v.op_from, ' (' || v.valid_from || ')',
            v.op_to, ' (' || v.valid_to || ')') as detail,
        case when v.present or v.op_to = thule_internal.present() then v.op_from else v.op_to end as op,
        case when v.present then 'it has not ended: a present version says so'
            when v.op_from >= v.op_to then 'the version goes, which no op can see'
            when v.op_to = thule_internal.present() then 'none: when it ended is lost; `thule prune --keep 0s PATH` deletes it'
            else 'the times are those of its ops' end as repair
    from version v
    where (v.present and (v.op_to <> thule_internal.present() or v.valid_to <> 'infinity'))
        or (not v.present and (v.op_from >= v.op_to or v.op_to = thule_internal.present()))
        or (not v.present and v.valid_from > v.valid_to
            and not exists (select from thule.clock_step s where s.op > v.op_from and s.op <= v.op_to));
end;

-- In place. A version that no op can see goes, and times that no clock can have had become those of the log.
create function thule_internal.repair_version_interval() returns void
language plpgsql
as $$
declare
    rel text;
begin
    foreach rel in array array['inode', 'dirent', 'extent', 'xattr'] loop
        execute format('update thule.%I v set op_to = $1 where v.op_to <> $1', rel) using thule_internal.present();
        execute format('delete from thule.%I v where v.op_from >= v.op_to', rel || '_history');
        continue when rel = 'extent';
        execute format($q$update thule.%I v set valid_to = 'infinity' where v.valid_to <> 'infinity'$q$, rel);
        execute format($q$
            update thule.%I v set valid_from = t.began, valid_to = greatest(t.began, t.ended)
            from (
                select h.ctid as id, coalesce(b.at, h.valid_from) as began, coalesce(e.at, h.valid_to) as ended
                from thule.%1$I h
                left join thule.op b on b.op = h.op_from
                left join thule.op e on e.op = h.op_to
                where h.valid_from > h.valid_to
                    and not exists (select from thule.clock_step s where s.op > h.op_from and s.op <= h.op_to)
            ) t
            where v.ctid = t.id$q$, rel || '_history');
    end loop;
end
$$;
