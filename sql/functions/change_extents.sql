-- The part of thule.change_apply that concerns bytes: ends what pg_temp.change_cut covers, begins what is in
-- pg_temp.change_extent, at the op that changes the file's bytes: of one that is made anew the first, of one that goes the last.
-- Parameters: none. Returns: nothing.
-- Tables touched: extent, extent_history, op (read).
-- Extents are at most 131072 bytes long: that bounds the part of the index to look at.
create function thule.change_extents() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.change_hit;
    create temp table change_hit on commit drop as
        select e.ino, e.file_off, e.len, e.blob, e.blob_off, e.op_from, e.valid_from, c.lo, c.hi, o.op, o.at
        from pg_temp.change_cut c
        join thule.extent e on e.ino = c.ino and e.file_off < c.hi and e.file_off > c.lo - 131072
            and e.file_off + e.len > c.lo
        join pg_temp.change_row r on r.ino = c.ino
        left join pg_temp.change_op w on w.ino = c.ino and w.kind in ('write', 'truncate')
        join thule.op o on o.op = case when r.gone then r.last else coalesce(w.op, r.first) end;
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, valid_from, op_to, valid_to)
        select h.ino, greatest(h.file_off, h.lo), least(h.file_off + h.len, h.hi) - greatest(h.file_off, h.lo), h.blob,
            h.blob_off + greatest(h.file_off, h.lo) - h.file_off, h.op_from, h.valid_from, h.op, h.at
        from pg_temp.change_hit h;
    delete from thule.extent e using pg_temp.change_hit h where e.ino = h.ino and e.file_off = h.file_off;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from, valid_from)
        select w.ino, lower(r), upper(r) - lower(r), w.blob, w.blob_off + lower(r) - w.file_off, w.op_from, w.valid_from
        from (
            select h.ino, h.file_off, h.len, h.blob, h.blob_off, h.op_from, h.valid_from,
                range_agg(int8range(h.lo, h.hi)) as cuts
            from pg_temp.change_hit h
            group by h.ino, h.file_off, h.len, h.blob, h.blob_off, h.op_from, h.valid_from
        ) w
        cross join lateral unnest(int8multirange(int8range(w.file_off, w.file_off + w.len)) - w.cuts) r;
    insert into thule.extent (ino, file_off, len, blob, blob_off, op_from, valid_from)
        select c.ino, c.file_off, c.len, c.blob, c.blob_off, o.op, o.at
        from pg_temp.change_extent c
        join pg_temp.change_row r on r.ino = c.ino
        left join pg_temp.change_op w on w.ino = c.ino and w.kind in ('write', 'truncate')
        join thule.op o on o.op = coalesce(w.op, r.first);
end
$$;
