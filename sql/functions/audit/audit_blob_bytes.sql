-- Blobs whose bytes are not those that were linked, or which are missing although an extent needs them. What is not needed may be gone.
-- Parameters: none. Returns: op, which began the first extent of it; area; ino, of that; what: in words.
-- Tables touched: blob, extent, extent_history, chain, chain_part (read).
create function thule_internal.audit_blob_bytes() returns table (op bigint, area text, ino bigint, what text)
language sql stable
set enable_seqscan = on
set enable_hashjoin = on
set plan_cache_mode = force_custom_plan
begin atomic
    select coalesce(e.op_from, 0) as op, 'blob' as area, e.ino, format('blob %s in thule.blob %s', f.blob, f.how) as what
    from (
        select coalesce(a.blob, b.id) as blob, case when b.id is null then 'was removed' when a.blob is null then 'was put in later' else 'was altered' end as how
        from thule_internal.audit_blobs() a
        full join (
            select b.id::bigint as id, sha256(b.data) as hash from thule.blob b where b.id < (select max(c.next_blob) from thule.chain c)
        ) b on b.id = a.blob
        where a.id is distinct from b.hash
    ) f
    left join lateral (
        select x.op_from, x.ino
        from (
            select e.op_from, e.ino::bigint as ino from thule.extent e where e.blob = f.blob
            union all
            select e.op_from, e.ino::bigint from thule.extent_history e where e.blob = f.blob
        ) x
        order by x.op_from limit 1
    ) e on true
    where f.how <> 'was removed' or e.ino is not null;
end;
