-- The part of thule_internal.change_apply that concerns bytes: ends what pg_temp.change_cut covers, begins what is in
-- pg_temp.change_extent, at the op that changes the file's bytes: of one that is made anew the first, of one that goes the last.
-- Parameters: none. Returns: nothing.
-- Tables touched: extent, extent_history, op, op_kind (read).
-- Extents are at most thule_internal.extent_max() bytes long: that bounds the part of the index to look at.
create function thule_internal.change_extents() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.change_hit;
    create temp table change_hit on commit drop as
        select e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, c.lo, c.hi, o.op
        from pg_temp.change_cut c
        join thule.extent e on e.ino = c.ino and e.file_off < c.hi and e.file_off > c.lo - thule_internal.extent_max()
            and e.file_off + e.len > c.lo
        join pg_temp.change_row r on r.ino = c.ino
        left join (pg_temp.change_op w join thule.op_kind k on k.name = w.kind and k.has_range) on w.ino = c.ino
        join thule.op o on o.op = case when r.gone then r.last else coalesce(w.op, r.first) end;
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
        select h.ino, greatest(h.file_off, h.lo), least(h.file_off + h.len, h.hi) - greatest(h.file_off, h.lo), h.blob,
            h.blob_off + greatest(h.file_off, h.lo) - h.file_off, h.op_from, h.op
        from pg_temp.change_hit h;
    delete from thule.extent e using pg_temp.change_hit h where e.ino = h.ino and e.file_off = h.file_off;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select w.ino, lower(r), upper(r) - lower(r), w.blob, w.blob_off + lower(r) - w.file_off, w.op_from
        from (
            select h.ino, h.file_off, h.len, h.blob, h.blob_off, h.op_from,
                range_agg(int8range(h.lo, h.hi)) as cuts
            from pg_temp.change_hit h
            group by h.ino, h.file_off, h.len, h.blob, h.blob_off, h.op_from
        ) w
        cross join lateral unnest(int8multirange(int8range(w.file_off, w.file_off + w.len)) - w.cuts) r;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
        select c.ino, c.file_off, c.len, c.blob, c.blob_off, o.op
        from pg_temp.change_extent c
        join pg_temp.change_row r on r.ino = c.ino
        left join (pg_temp.change_op w join thule.op_kind k on k.name = w.kind and k.has_range) on w.ino = c.ino
        join thule.op o on o.op = coalesce(w.op, r.first);
end
$$;
