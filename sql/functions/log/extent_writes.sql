-- Which op wrote which bytes of an extent.
-- Parameters: ino; file_off, len, op_from, op_to: of a row of extent or extent_history.
-- Returns: rows by offset that cover the extent: file_off, len, and op, which wrote them.
-- Tables touched: op (read).
-- Appends that one process makes in one batch are one extent, whose op is the first of them: fs/journal/batch_extent.c. The log has
-- the range of each. Any other write among these bytes, while they were there, would have cut the extent. Where the log lacks the
-- first of them, all is that one's.
create function thule_internal.extent_writes(ino bigint, file_off bigint, len bigint, op_from bigint, op_to bigint)
returns table (file_off bigint, len bigint, op bigint)
language sql stable parallel safe rows 1
begin atomic
    select s.at, coalesce(lead(s.at) over (order by s.at), extent_writes.file_off + extent_writes.len) - s.at, s.op
    from (
        select distinct on (b.at) b.at, b.op
        from (
            select extent_writes.file_off as at, extent_writes.op_from as op
            union all
            select greatest(w.off, extent_writes.file_off), w.op
            from thule.op f
            cross join lateral (
                -- The one that wrote the last byte.
                select o.op from thule.op o
                where o.ino = extent_writes.ino and o.op > f.op and o.op < extent_writes.op_to and o.kind = thule_internal.write_kind()
                    and o.actor = f.actor and o.off + o.len >= extent_writes.file_off + extent_writes.len
                order by o.op limit 1
            ) last
            join thule.op w on w.ino = extent_writes.ino and w.op > f.op and w.op <= last.op and w.kind = thule_internal.write_kind()
                and w.actor = f.actor and w.off < extent_writes.file_off + extent_writes.len
                and w.off + w.len > extent_writes.file_off
            where f.op = extent_writes.op_from and f.kind = thule_internal.write_kind()
                and f.off + f.len < extent_writes.file_off + extent_writes.len
        ) b
        order by b.at, b.op desc
    ) s;
end;
