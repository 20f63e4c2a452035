-- What differs between the states after two ops, names as (directory, name); thule.diff makes paths of them.
-- Parameters: from_op, to_op: ops, from_op <= to_op.
-- Returns: rows, in no order: change and what, see thule.diff; mode of the inode, the one after where there is one; the
--   name before and after (null: none); sizes before and after; the last op in between that has part in it.
-- Tables touched: op, dirent, dirent_history, inode, inode_history, extent, extent_history, xattr, xattr_history (read).
-- It begins with the ops in between: at most the names that they name and the inodes that they were done to differ.
-- Planned anew for each call, because a second and a year want different plans. What is joined is joined by hash: the
-- planner overrates the number of rows by far, and would sort them.
create function thule.diff_names(from_op bigint, to_op bigint) returns table (change text, what text[], ino bigint,
    mode integer, old_parent bigint, old_name bytea, new_parent bigint, new_name bytea, old_size bigint,
    new_size bigint, op bigint)
language plpgsql stable strict parallel safe cost 100000 rows 10000
set plan_cache_mode = force_custom_plan
set enable_mergejoin = off
set jit = off
set work_mem = '64MB'
as $$
#variable_conflict use_column
begin
    return query
    with touched as materialized (
        -- What was done to each inode: the last op, and a bit for each kind of op.
        select o.ino, max(o.op) as op, bit_or(1::bigint << o.kind) as kinds
        from thule.op o
        where o.op > from_op and o.op <= to_op
        group by o.ino
    ), version as materialized (
        -- Inodes that are there before and after, and may differ.
        select t.ino, t.op, t.kinds, b.mode as old_mode, a.mode, b.size as old_size, a.size as new_size,
            b.uid <> a.uid or b.gid <> a.gid as owner, b.mtime_ns <> a.mtime_ns as mtime
        from touched t
        join (
            select h.ino, h.mode, h.size, h.uid, h.gid, h.mtime_ns from thule.inode_history h
            where h.op_from <= from_op and h.op_to > from_op and h.op_to <= to_op
        ) b on b.ino = t.ino
        join (
            select i.ino, i.mode, i.size, i.uid, i.gid, i.mtime_ns from thule.inode i
            where i.op_from > from_op and i.op_from <= to_op
            union all
            select h.ino, h.mode, h.size, h.uid, h.gid, h.mtime_ns from thule.inode_history h
            where h.op_from > from_op and h.op_from <= to_op and h.op_to > to_op
        ) a on a.ino = t.ino
    ), content as materialized (
        -- Files of the same size some of whose bytes lie in other blobs, or elsewhere in them. What is there only before and what is
        -- there only after cancel each other out where they are the same: an exclusive or of 64-bit hashes. Ops of
        -- kinds that change only names or attributes are left out (all but write, truncate, setattr and what later
        -- versions may add).
        select x.ino
        from (
            select e.ino, e.file_off, e.len, e.blob, e.blob_off
            from version v
            join thule.extent e on e.ino = v.ino
            where v.old_size = v.new_size and v.kinds & ~488446 <> 0 and e.op_from > from_op and e.op_from <= to_op
            union all
            select e.ino, e.file_off, e.len, e.blob, e.blob_off
            from version v
            join thule.extent_history e on e.ino = v.ino
            where v.old_size = v.new_size and v.kinds & ~488446 <> 0 and e.op_to > from_op and e.op_from <= to_op
                and (e.op_from <= from_op) <> (e.op_to > to_op)
        ) x
        group by x.ino
        having bit_xor(hashint8extended(x.file_off, hashint8extended(x.len, hashint8extended(x.blob, x.blob_off)))) <> 0
    ), differing as materialized (
        select v.*,
            array_remove(array[
                case when v.mode & 61440 = 32768 and (v.old_size <> v.new_size or c.ino is not null) then 'content' end,
                case when v.mode <> v.old_mode then 'mode' end,
                case when v.owner then 'owner' end,
                -- A directory's changes with its names, unless somebody sets it.
                case when v.mtime and (v.mode & 61440 <> 16384 or v.kinds & ~475134 <> 0) then 'mtime' end,
                case when v.kinds & ~131070 <> 0 and thule.xattr_differs(v.ino, from_op, to_op) then 'xattr' end
            ], null) as what
        from version v
        left join content c on c.ino = v.ino
    ), slot as materialized (
        -- Names that ended or began, as they were before and after.
        select s.parent, s.name, b.ino as old_ino, b.op_to as ended, a.ino as new_ino, a.op_from as began
        from (
            select o.parent, o.name from thule.op o
                where o.op > from_op and o.op <= to_op and o.name is not null
            union
            select o.new_parent, o.new_name from thule.op o
                where o.op > from_op and o.op <= to_op and o.new_name is not null
        ) s (parent, name)
        left join thule.dirent_history b on b.parent = s.parent and b.name = s.name
            and b.op_from <= from_op and b.op_to > from_op and b.op_to <= to_op
        left join (
            select d.parent, d.name, d.ino, d.op_from from thule.dirent d
            where d.op_from > from_op and d.op_from <= to_op
            union all
            select d.parent, d.name, d.ino, d.op_from from thule.dirent_history d
            where d.op_from > from_op and d.op_from <= to_op and d.op_to > to_op
        ) a on a.parent = s.parent and a.name = s.name
        where b.ino is not null or a.ino is not null
    ), moved as materialized (
        -- An inode that lost a name and got another was renamed.
        select r.ino as old_ino, r.parent as old_parent, r.name as old_name, r.op as ended,
            a.ino as new_ino, a.parent as new_parent, a.name as new_name, a.op as began
        from (
            select s.old_ino as ino, s.parent, s.name, s.ended as op,
                row_number() over (partition by s.old_ino order by s.parent, s.name) as n
            from slot s where s.old_ino is distinct from s.new_ino and s.old_ino is not null
        ) r
        full join (
            select s.new_ino as ino, s.parent, s.name, s.began as op,
                row_number() over (partition by s.new_ino order by s.parent, s.name) as n
            from slot s where s.old_ino is distinct from s.new_ino and s.new_ino is not null
        ) a on a.ino = r.ino and a.n = r.n
    ), placed as (
        select 'renamed' as change, m.* from moved m where m.old_ino = m.new_ino
        union all
        -- One that went and one that came under the same name are a file that was replaced.
        select case when r.old_ino is null then 'added' when a.new_ino is null then 'removed' else 'replaced' end,
            r.old_ino, r.old_parent, r.old_name, r.ended, a.new_ino, a.new_parent, a.new_name, a.began
        from (select * from moved m where m.new_ino is null) r
        full join (select * from moved m where m.old_ino is null) a
            on a.new_parent = r.old_parent and a.new_name = r.old_name
    )
    -- Names that changed.
    select p.change, case when p.change = 'renamed' then coalesce(d.what, '{}') end,
        coalesce(p.new_ino, p.old_ino), coalesce(a.mode, b.mode), p.old_parent, p.old_name, p.new_parent, p.new_name,
        b.size, a.size, greatest(coalesce(p.began, p.ended), t.op)
    from placed p
    left join differing d on d.ino = p.new_ino
    left join touched t on t.ino = p.new_ino
    left join lateral thule.inode_at_op(p.old_ino, from_op) b on true
    left join lateral thule.inode_at_op(p.new_ino, to_op) a on true
    union all
    -- Names that stayed, of inodes that changed.
    select 'modified', d.what, d.ino, d.mode, n.parent, n.name, n.parent, n.name, d.old_size, d.new_size, d.op
    from differing d
    join (
        select e.ino, e.parent, e.name from thule.dirent e where e.op_from <= from_op
        union all
        select e.ino, e.parent, e.name from thule.dirent_history e where e.op_from <= from_op and e.op_to > to_op
        union all
        select s.new_ino, s.parent, s.name from slot s where s.old_ino = s.new_ino
        union all
        select 1, null, null
    ) n on n.ino = d.ino
    where d.what <> '{}';
end
$$;
