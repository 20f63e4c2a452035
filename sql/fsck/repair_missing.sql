-- Makes rows of inodes that names, bytes or attributes refer to and that are not there: directories where names are in them, as is the root, else files
-- where bytes or attributes are left, else what the past says they were last. Of others nothing is known, and none is made.
-- Parameters: wanted, their numbers. Returns: nothing. In place: that the past before is not known is noted (pruned_inode).
-- Tables touched: inode, pruned_inode (written), dirent, extent, xattr, inode_history, op (read).
-- Owner and permission are those of the last version of the same kind, without set-id bits; else root alone has it.
create function thule_internal.repair_missing(wanted bigint[]) returns void
language plpgsql
as $$
declare
    last record;
begin
    select o.op, o.at, thule.time_ns(o.at) as ns into last from thule.op o order by o.op desc limit 1;
    with made as (
        insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, project, target,
                op_from, valid_from)
            select k.ino, case when k.same then h.mode & ~thule_internal.set_id_bits(h.mode) when k.kind = 'directory' then 16832 else 33152 end, 1,
                case when k.same then h.uid else 0 end, case when k.same then h.gid else 0 end, 0,
                case k.kind when 'directory' then 4096 when 'symlink' then h.size else coalesce(k.bytes, case when k.same then h.size end, 0) end,
                coalesce(k.allocated, 0), coalesce(h.atime_ns, last.ns), coalesce(h.mtime_ns, last.ns), last.ns, coalesce(h.btime_ns, last.ns),
                coalesce(h.project, 0), case when k.kind = 'symlink' then h.target end, last.op, last.at
            from (
                select w.ino, t.kind, t.kind = v.kind as same, b.bytes, b.allocated, v.op_to
                from (select distinct u as ino from unnest(wanted) u) w
                left join lateral (
                    select max(e.file_off + e.len) as bytes, sum(e.len)::bigint as allocated from thule.extent e where e.ino = w.ino
                ) b on true
                left join lateral (
                    select thule.mode_kind(l.mode) as kind, l.op_to from thule.inode_history l where l.ino = w.ino order by l.op_to desc limit 1
                ) v on true
                cross join lateral (
                    select case when w.ino = 1 or exists (select from thule.dirent d where d.parent = w.ino) then 'directory'
                        when b.bytes is not null then 'file'
                        when v.kind in ('directory', 'file', 'symlink') then v.kind
                        when exists (select from thule.xattr x where x.ino = w.ino) then 'file' end as kind
                ) t
                where t.kind is not null and w.ino between 1 and 1099511627775
                    and not exists (select from thule.inode i where i.ino = w.ino)
            ) k
            left join thule.inode_history h on h.ino = k.ino and h.op_to = k.op_to
            returning ino, op_from
    ), counted as (
        insert into pg_temp.repair_inode (ino) select m.ino from made m on conflict do nothing
    )
    insert into thule.pruned_inode as p (ino, op)
        select m.ino, m.op_from from made m
        on conflict (ino) do update set op = greatest(p.op, excluded.op);
end
$$;
