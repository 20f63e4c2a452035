-- Who wrote the bytes of a file that were there once an op had happened.
-- Parameters: ino; at_op, an op (2^63-1: the present).
-- Returns: rows by offset: off and len in bytes, the op that wrote them, and who did it. What nobody wrote, holes and
--   what truncate added, has no row. Neighbours that one op wrote are one row.
-- Tables touched: inode, inode_history, extent, extent_history, op, actor (read).
create function thule_internal.blame_at_op(ino bigint, at_op bigint) returns table (off bigint, len bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable strict parallel safe rows 100
begin atomic
    with version as (
        select e.file_off, e.len, e.op_from, e.op_to from thule.extent e
        where e.ino = blame_at_op.ino and e.op_from <= at_op
        union all
        select e.file_off, e.len, e.op_from, e.op_to from thule.extent_history e
        where e.ino = blame_at_op.ino and e.op_from <= at_op and e.op_to > at_op
    ), piece as (
        -- What was appended after at_op was not there yet.
        select w.file_off, w.len, w.op
        from version v
        cross join lateral thule_internal.extent_writes(blame_at_op.ino, v.file_off, v.len, v.op_from, v.op_to) w
        where w.op <= at_op
    ), marked as (
        select p.*, p.op is distinct from lag(p.op) over w
            or p.file_off <> lag(p.file_off + p.len) over w as first
        from piece p
        window w as (order by p.file_off)
    ), run as (
        select m.*, count(*) filter (where m.first) over (order by m.file_off) as n from marked m
    ), range as (
        select min(r.file_off) as off, sum(r.len)::bigint as len, r.op from run r group by r.n, r.op
    )
    select r.off, r.len, r.op, o.at, a.uid, a.username, a.pid, a.exe, a.cmdline
    from range r
    left join thule.op o on o.op = r.op
    left join thule.actor a on a.id = o.actor
    order by r.off;
end;
