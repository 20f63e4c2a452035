-- A range of a file ends: what the present has there goes to the history, cut to the range; what is left of a cut extent stays, with
-- the op that wrote it. As sql/statements/apply_extent_cut.sql does for a batch.
-- Parameters: file, its inode; lo, hi, from the first byte to the one after the last; at_op, the op that ends it. Returns: nothing.
-- Tables touched: extent, extent_history.
create function thule_internal.bytes_end(file bigint, lo bigint, hi bigint, at_op bigint) returns void
language plpgsql
as $$
begin
    with gone as (
        delete from thule.extent e
        where e.ino = file and e.file_off < hi and e.file_off > lo - thule_internal.extent_max() and e.file_off + e.len > lo
        returning e.*, greatest(e.file_off, lo) as first, least(e.file_off + e.len, hi) as last
    ), kept as (
        insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
            select g.ino, p.first, p.last - p.first, g.blob, g.blob_off + p.first - g.file_off, g.op_from
            from gone g
            cross join lateral (values (g.file_off, g.first), (g.last, g.file_off + g.len)) p (first, last)
            where p.first < p.last
    )
    insert into thule.extent_history (ino, file_off, len, blob, blob_off, op_from, op_to)
        select g.ino, g.first, g.last - g.first, g.blob, g.blob_off + g.first - g.file_off, g.op_from, at_op from gone g;
end
$$;
