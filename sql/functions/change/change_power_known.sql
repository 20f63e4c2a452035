-- Finds out which files of pg_temp.change_power there has been an instant of at which all was as it is planned: owner, set-id
-- bits, security.capability, and each byte.
-- Parameters: none. Returns: nothing; sets change_power.known. A copy is of one instant, so it always is.
-- Tables touched: inode, inode_history, xattr, xattr_history, extent, extent_history (read).
-- Bytes are the same where they are those of the same place of the same blob. Of the versions of a file with this owner and
-- these bits the last 100 are looked at, as they were in the end, and the one that is gone back to.
create function thule_internal.change_power_known() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.change_power_instant;
    create temp table change_power_instant on commit drop as
        select f.ino, t.at_op
        from pg_temp.change_power f
        cross join lateral (
            select w.op_from, w.op_to
            from (
                select v.op_from, thule_internal.present() as op_to, v.uid, v.gid, v.mode, v.size from thule.inode v where v.ino = f.ino
                union all
                select v.op_from, v.op_to, v.uid, v.gid, v.mode, v.size from thule.inode_history v where v.ino = f.ino
            ) w
            where w.uid = f.uid and w.gid = f.gid and thule_internal.set_id_bits(w.mode) = thule_internal.set_id_bits(f.mode)
            order by (f.undone > w.op_from and f.undone <= w.op_to) desc, w.op_from desc limit 100
        ) v
        cross join lateral (
            select v.op_to - 1 as at_op
            union
            select f.undone - 1 where f.undone > v.op_from and f.undone <= v.op_to
        ) t
        where not f.copy
            and f.caps is not distinct from (
                select a.value from thule_internal.xattrs_at_op(f.ino, t.at_op) a where a.name = 'security.capability');
    with cut as materialized (
        select c.ino, range_agg(int8range(c.lo, c.hi)) as cuts
        from pg_temp.change_cut c
        join pg_temp.change_power f on f.ino = c.ino
        group by c.ino
    ), piece as (
        -- What is planned; of one that is made anew the extents of now are none.
        select f.ino, null::bigint as at_op, p.lo, least(p.hi, f.size) as hi, p.blob, p.shift
        from pg_temp.change_power f
        cross join lateral (
            select e.file_off as lo, e.file_off + e.len as hi, e.blob, e.file_off - e.blob_off as shift
            from pg_temp.change_extent e where e.ino = f.ino
            union all
            select lower(r), upper(r), e.blob, e.file_off - e.blob_off
            from thule.extent e
            left join cut c on c.ino = e.ino
            cross join lateral unnest(int8multirange(int8range(e.file_off, e.file_off + e.len)) - coalesce(c.cuts, '{}')) r
            where e.ino = f.ino
        ) p
        where not f.copy and p.lo < f.size
        union all
        select i.ino, i.at_op, p.lo, least(p.hi, f.size), p.blob, p.shift
        from pg_temp.change_power_instant i
        join pg_temp.change_power f on f.ino = i.ino
        cross join lateral (
            select e.file_off as lo, e.file_off + e.len as hi, e.blob, e.file_off - e.blob_off as shift
            from thule.extent e where e.ino = i.ino and e.op_from <= i.at_op
            union all
            select e.file_off, e.file_off + e.len, e.blob, e.file_off - e.blob_off
            from thule.extent_history e where e.ino = i.ino and e.op_from <= i.at_op and e.op_to > i.at_op
        ) p
        where p.lo < f.size
    ), run as (
        select q.*, sum(q.new) over (partition by q.ino, q.at_op order by q.lo) as run
        from (
            select p.*, case when lag(p.hi) over w = p.lo and lag(p.blob) over w = p.blob and lag(p.shift) over w = p.shift
                    then 0 else 1 end as new
            from piece p
            window w as (partition by p.ino, p.at_op order by p.lo)
        ) q
    ), content as materialized (
        select r.ino, r.at_op, array_agg(row(r.lo, r.hi, r.blob, r.shift)::text order by r.lo) as bytes
        from (
            select u.ino, u.at_op, min(u.lo) as lo, max(u.hi) as hi, u.blob, u.shift
            from run u
            group by u.ino, u.at_op, u.run, u.blob, u.shift
        ) r
        group by r.ino, r.at_op
    )
    update pg_temp.change_power f set known = true
        where f.copy or exists (
            select from pg_temp.change_power_instant i
            where i.ino = f.ino
                and f.size = (select v.size from thule_internal.inode_at_op(i.ino, i.at_op) v)
                and (select c.bytes from content c where c.ino = i.ino and c.at_op = i.at_op)
                    is not distinct from (select c.bytes from content c where c.ino = f.ino and c.at_op is null));
end
$$;
