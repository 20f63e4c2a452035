-- What the chain has of blobs: the hash of their bytes, of those that an erasure cleared in part the last one.
-- Parameters: none. Returns: blob, id: SHA-256. Tables touched: chain_part (read).
create function thule_internal.audit_blobs() returns table (blob bigint, id bytea)
language sql stable parallel safe
begin atomic
    select distinct on (u.blob) u.blob, u.id
    from thule.chain_part p
    cross join lateral unnest(p.ops, p.ids) u (blob, id)
    where p.area = 'blob'
    order by u.blob, p.link desc;
end;
