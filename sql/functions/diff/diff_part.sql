-- What differs between the states after two ops, of a part of the inodes; thule_internal.diff_ops puts the parts together.
-- Parameters: from_op, to_op: ops, from_op <= to_op; low, high: of the inodes from low on, and below high; scan: names that
--   began are found by looking at all names, not by the ops; pruned: the log lacks some of the ops.
-- Returns: rows, in no order: change and what, see thule.diff; ino and mode of the inode, the one after where there is one; the
--   path before, of what was removed or renamed, and after; sizes before and after; the last op in between that has part
--   in it, its time and actor.
-- Tables touched: op, op_kind, dirent, dirent_history, inode, inode_history, extent, extent_history, xattr, xattr_history (read).
-- What gets or loses a name, or is not what it was, has a version that began in between, unless it is gone.
-- thule_internal.diff_few and thule_internal.diff_many say how rows are joined. Not strict, and in SQL, so that the planner puts the body in place
-- of the call, with the ops as constants.
create function thule_internal.diff_part(from_op bigint, to_op bigint, low bigint, high bigint, scan boolean, pruned boolean)
    returns table (change text, what text[], ino bigint, mode integer, old_path text, new_path text, old_size bigint,
    new_size bigint, op bigint, at timestamptz, actor bigint)
language sql stable parallel safe
begin atomic
    with version as materialized (
        -- Inodes that were there before and are not what they were, and what they are after, if they are there.
        select b.ino, coalesce(a.op_from, h.op_from) as op,
            b.mode as old_mode, coalesce(a.mode, h.mode) as mode,
            b.size as old_size, coalesce(a.size, h.size) as new_size,
            b.uid <> coalesce(a.uid, h.uid) or b.gid <> coalesce(a.gid, h.gid) as owner,
            b.mtime_ns <> coalesce(a.mtime_ns, h.mtime_ns) as mtime,
            b.flags <> coalesce(a.flags, h.flags) as flags,
            b.xattrs > 0 or coalesce(a.xattrs, h.xattrs) > 0 as xattrs
        from thule.inode_history b
        left join thule.inode a
            on a.ino = b.ino and a.op_from > from_op and a.op_from <= to_op and a.ino >= low and a.ino < high
        left join thule.inode_history h
            on h.ino = b.ino and h.op_from > from_op and h.op_from <= to_op and h.op_to > to_op
        where b.op_from <= from_op and b.op_to > from_op and b.op_to <= to_op and b.ino >= low and b.ino < high
    ), same_size as materialized (
        select v.ino
        from version v
        -- Said in a way that the planner takes for every second, not for next to none.
        where case when thule_internal.is_file(v.mode) and v.old_size = v.new_size then v.mtime or pruned or (
                select true from thule.op o
                where o.ino = v.ino and o.op > from_op and o.op <= to_op
                    -- Later versions may add kinds that change bytes.
                    and o.kind <> all (array(select k.id from thule.op_kind k where not k.changes_bytes))
                limit 1) end
    ), content as (
        -- Some of whose bytes lie in other blobs, or elsewhere in them. What is there only before and what is there only
        -- after cancel each other out where they are the same: an exclusive or of 64-bit hashes.
        select x.ino
        from same_size v
        join (
            select e.ino, e.file_off, e.len, e.blob, e.blob_off
            from thule.extent e
            where e.op_from > from_op and e.op_from <= to_op and e.ino >= low and e.ino < high
            union all
            select e.ino, e.file_off, e.len, e.blob, e.blob_off
            from thule.extent_history e
            where e.op_to > from_op and e.op_from <= to_op and (e.op_from <= from_op) <> (e.op_to > to_op)
                and e.ino >= low and e.ino < high
        ) x on x.ino = v.ino
        group by x.ino
        having bit_xor(hashint8extended(x.file_off, hashint8extended(x.len, hashint8extended(x.blob, x.blob_off)))) <> 0
    ), differing as materialized (
        select v.ino, v.op, v.old_mode, v.mode, v.old_size, v.new_size,
            case when v.op is not null then array_remove(array[
                case when thule_internal.is_file(v.mode) and (v.old_size <> v.new_size or c.ino is not null) then 'content' end,
                case when v.mode <> v.old_mode then 'mode' end,
                case when v.owner then 'owner' end,
                -- A directory's changes with its names, unless somebody sets it.
                case when v.mtime and (not thule_internal.is_directory(v.mode) or pruned or (
                    select true from thule.op o
                    where o.ino = v.ino and o.op > from_op and o.op <= to_op
                        and o.kind <> all (array(select k.id from thule.op_kind k where not k.sets_times))
                    limit 1)) then 'mtime' end,
                case when v.flags then 'flags' end,
                case when v.xattrs and thule_internal.xattr_differs(v.ino, from_op, to_op) then 'xattr' end
            ], null) end as what
        from version v
        left join content c on c.ino = v.ino
    ), slot as materialized (
        -- Names that ended or began, as they were before and after.
        select coalesce(b.parent, a.parent) as parent, coalesce(b.name, a.name) as name, b.ino as old_ino,
            b.op_to as ended, a.ino as new_ino, a.op_from as began
        from (
            select h.parent, h.name, h.ino, h.op_to from thule.dirent_history h
            where h.op_from <= from_op and h.op_to > from_op and h.op_to <= to_op
        ) b
        full join (
            select d.parent, d.name, d.ino, d.op_from from thule.dirent d
            where scan and d.op_from > from_op and d.op_from <= to_op
            union all
            select d.parent, d.name, d.ino, d.op_from from thule.dirent_history d
            where scan and d.op_from > from_op and d.op_from <= to_op and d.op_to > to_op
            union all
            select d.*
            from (
                select o.parent, o.name from thule.op o
                where o.op > from_op and o.op <= to_op and o.name is not null
                union
                select o.new_parent, o.new_name from thule.op o
                where o.op > from_op and o.op <= to_op and o.new_name is not null
            ) s (parent, name)
            join (
                select d.parent, d.name, d.ino, d.op_from from thule.dirent d
                where d.op_from > from_op and d.op_from <= to_op
                union all
                select d.parent, d.name, d.ino, d.op_from from thule.dirent_history d
                where d.op_from > from_op and d.op_from <= to_op and d.op_to > to_op
            ) d on d.parent = s.parent and d.name = s.name
            where not scan
        ) a on a.parent = b.parent and a.name = b.name
    ), contested as (
        -- Inodes that lost their name to another one or took it from one: these may be in the other part.
        select unnest(array[s.old_ino, s.new_ino]) from slot s where s.old_ino <> s.new_ino
    ), moved as materialized (
        -- An inode that lost a name and got another was renamed.
        select r.ino as old_ino, r.parent as old_parent, r.name as old_name, r.op as ended,
            a.ino as new_ino, a.parent as new_parent, a.name as new_name, a.op as began
        from (
            select s.old_ino as ino, s.parent, s.name, s.ended as op,
                row_number() over (partition by s.old_ino order by s.parent, s.name) as n
            from slot s where s.old_ino is distinct from s.new_ino and s.old_ino is not null
                and (s.old_ino >= low and s.old_ino < high or s.old_ino in (select * from contested))
        ) r
        full join (
            select s.new_ino as ino, s.parent, s.name, s.began as op,
                row_number() over (partition by s.new_ino order by s.parent, s.name) as n
            from slot s where s.old_ino is distinct from s.new_ino and s.new_ino is not null
                and (s.new_ino >= low and s.new_ino < high or s.new_ino in (select * from contested))
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
    ), row as materialized (
        -- Names that changed.
        select p.change, case when p.change = 'renamed' then coalesce(d.what, '{}') end as what, p.ino,
            coalesce(d.mode, a.mode, h.mode, d.old_mode) as mode,
            case when p.change in ('removed', 'renamed') then b.path || '/' || thule.escape_name(p.old_name) end as old_path,
            p.new_parent, p.new_name,
            case when p.change = 'replaced' then (select i.size from thule_internal.inode_at_op(p.old_ino, from_op) i)
                when p.old_ino is not null then coalesce(d.old_size, a.size, h.size) end as old_size,
            coalesce(a.size, h.size) as new_size,
            p.op as named_op, p.new_ino, greatest(p.op, a.op_from, h.op_from) as op
        from (
            select p.*, coalesce(p.new_ino, p.old_ino) as ino, coalesce(p.began, p.ended) as op from placed p
        ) p
        -- The second condition says nothing new, but keeps the planner from expecting that each has many.
        left join differing d on d.ino = p.ino and d.ino / 2 = p.ino / 2
        left join thule.inode a
            on a.ino = p.new_ino and a.op_from > from_op and a.op_from <= to_op and a.ino >= low and a.ino < high
        left join thule.inode_history h
            on h.ino = p.new_ino and h.op_from > from_op and h.op_from <= to_op and h.op_to > to_op
        left join thule_internal.directory_paths(array(
                select distinct m.old_parent from moved m where m.old_ino >= low and m.old_ino < high), from_op) b
            on b.ino = p.old_parent
        where p.ino >= low and p.ino < high
        union all
        -- Names that stayed, of inodes that changed.
        select 'modified', d.what, d.ino, d.mode, null, d.parent, d.name, d.old_size, d.new_size, null, d.ino, d.op
        from (
            select d.*, e.parent, e.name from differing d join thule.dirent e on e.ino = d.ino
            where e.op_from <= from_op and e.ino >= low and e.ino < high
            union all
            select d.*, e.parent, e.name from differing d join thule.dirent_history e on e.ino = d.ino
            where e.op_from <= from_op and e.op_to > to_op
            union all
            select d.*, s.parent, s.name from differing d join slot s on s.new_ino = d.ino where s.old_ino = s.new_ino
            union all
            select d.*, null, null from differing d where d.ino = 1
        ) d
        where d.what <> '{}'
    )
    select r.change, r.what, r.ino, r.mode, r.old_path,
        case when r.new_name is not null then a.path || '/' || thule.escape_name(r.new_name)
            when r.change = 'modified' then '/' end,
        r.old_size, r.new_size, r.last,
        case when r.found = r.last then r.at else (select o.at from thule.op o where o.op = r.last) end,
        case when r.found = r.last then r.actor else (select o.actor from thule.op o where o.op = r.last) end
    from (
        select r.*, o.op as found, o.at, o.actor,
            -- What began its version was done to another inode: to one with a name in this directory, or with its name.
            -- Where the log was pruned, that is all there is to say.
            case when r.new_ino is null or o.ino = r.new_ino then r.op
                else coalesce(greatest(r.named_op, (
                    select max(y.op) from thule.op y where y.ino = r.new_ino and y.op > from_op and y.op <= to_op)), r.op)
            end as last
        from row r
        left join thule.op o on o.op = r.op and o.op > from_op and o.op <= to_op and o.ino >= low and o.ino < high
    ) r
    left join thule_internal.directory_paths(array(select distinct r.new_parent from row r where r.new_parent is not null), to_op) a
        on a.ino = r.new_parent;
end;
