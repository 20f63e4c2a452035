-- The hash of what a link has of rows: thule.chain.parts.
-- Parameters: link. Returns: SHA-256.
-- Tables touched: chain_part (read).
create function thule_internal.audit_parts(link bigint) returns bytea
language sql stable parallel safe
begin atomic
    select sha256(coalesce(string_agg(
        sha256(record_send(row(convert_to(p.area, 'UTF8'), p.part, p.ops, p.ends, p.inos, p.parents, p.ids, p.blobs, p.shifts, p.los, p.his))),
        ''::bytea order by p.area collate "C", p.part), ''))
    from thule.chain_part p
    where p.link = audit_parts.link;
end;
