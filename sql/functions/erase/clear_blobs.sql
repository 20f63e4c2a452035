-- Overwrites with zeros those bytes of blobs that nothing refers to, neither the present nor the past: a copy of a part of
-- a file keeps the whole blob of it. The caller is as alone as with thule_internal.free_blobs.
-- Parameters: candidates, blob ids.
-- Returns: how many bytes it overwrote.
-- Tables touched: blob (written), extent, extent_history (read).
create function thule_internal.clear_blobs(candidates bigint[]) returns bigint
language plpgsql
as $$
declare
    zeros constant bytea := thule_internal.zeros();
    gap     record;
    cleared bigint := 0;
begin
    for gap in
        select b.id, lower(g.range) as first, (upper(g.range) - lower(g.range))::integer as len
        from thule.blob b
        cross join lateral unnest(
            int8multirange(int8range(0, octet_length(b.data)))
            - coalesce((
                select range_agg(int8range(e.blob_off, e.blob_off + e.len))
                from (
                    select x.blob_off, x.len from thule.extent x where x.blob = b.id
                    union all
                    select x.blob_off, x.len from thule.extent_history x where x.blob = b.id
                ) e), '{}')) g (range)
        where b.id = any (candidates)
    loop
        update thule.blob b
        set data = overlay(b.data placing substr(zeros, 1, gap.len) from gap.first::integer + 1 for gap.len)
        where b.id = gap.id and substr(b.data, gap.first::integer + 1, gap.len) <> substr(zeros, 1, gap.len);
        cleared := cleared + case when found then gap.len else 0 end;
    end loop;
    return cleared;
end
$$;
