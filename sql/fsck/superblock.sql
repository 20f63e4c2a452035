-- One superblock, whose high-water marks are above every id in use, and such that there are ids left.
create function thule_internal.fsck_superblock() returns table (
    check_id text, severity text, ino bigint, detail text, op bigint, repair text)
language sql stable parallel safe
begin atomic
    with used as (
        select 'next_op' as mark, s.next_op as next, (select max(o.op) from thule.op o) as last from thule.superblock s
        union all
        select 'next_op', s.next_op, (select max(a.id) from thule.actor a) from thule.superblock s
        union all
        select 'next_ino', s.next_ino, (select max(i.ino) from thule.inode i) from thule.superblock s
        union all
        select 'next_ino', s.next_ino, (select max(i.ino) from thule.inode_history i) from thule.superblock s
        union all
        select 'next_ino', s.next_ino, (select max(d.ino) from thule.dirent d) from thule.superblock s
        union all
        select 'next_blob', s.next_blob, (select max(b.id) from thule.blob b) from thule.superblock s
    )
    select 'superblock' as check_id, 'error' as severity, null::bigint as ino, 'there is no superblock' as detail,
        null::bigint as op, 'none: how far ids were given is lost; restore a backup' as repair
    where not exists (select from thule.superblock)
    union all
    select 'superblock', 'error', null, format('there are %s superblocks', count(*)), null, 'the last one stays'
    from thule.superblock having count(*) > 1
    union all
    select 'superblock', 'error', null, format('%s is %s, but %s is in use', u.mark, u.next, max(u.last)), null,
        'raised above that'
    from used u
    where u.next <= u.last
    group by u.mark, u.next
    union all
    select 'superblock', 'error', null, format('pruned_op is %s, swept_op %s and log_op %s, but next_op %s', s.pruned_op, s.swept_op, s.log_op,
        s.next_op), null, 'none: how far the past was pruned is lost; restore a backup'
    from thule.superblock s
    where s.pruned_op > s.next_op or least(s.pruned_op, s.swept_op, s.log_op) < 0
    union all
    select 'superblock', 'error', null, format('next_op %s, next_ino %s, next_blob %s: no such id can be', s.next_op, s.next_ino,
        s.next_blob), null, 'none: there are no ids left; restore a backup'
    from thule.superblock s
    where s.next_op not between 1 and 4611686018427387903 or s.next_ino not between 1 and 1099511627775 or s.next_blob < 1;
end;

-- Of several the last one stays, and marks go above what is in use.
create function thule_internal.repair_superblock() returns void
language plpgsql
as $$
begin
    delete from thule.superblock s where s.next_op < (select max(l.next_op) from thule.superblock l);
    update thule.superblock s set
        next_op = greatest(s.next_op, (select max(o.op) + 1 from thule.op o), (select max(a.id) + 1 from thule.actor a)),
        next_ino = greatest(s.next_ino, (select max(i.ino) + 1 from thule.inode i), (select max(i.ino) + 1 from thule.inode_history i),
            (select max(d.ino) + 1 from thule.dirent d)),
        next_blob = greatest(s.next_blob, (select max(b.id) + 1 from thule.blob b));
end
$$;
