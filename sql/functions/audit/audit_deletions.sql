-- What the chain says was deleted, by prune and erase.
-- Parameters: since, a link, or null. Returns: JSON, an array of link, kind, at, by, horizon: of everything what ended by this op, or null; files:
--   how many, or 0; after: whether it came after link `since`, or null.
-- Tables touched: chain, chain_part (read).
create function thule_internal.audit_deletions(since bigint) returns jsonb
language sql stable
begin atomic
    select coalesce(jsonb_agg(jsonb_build_object('link', c.link, 'kind', c.kind, 'at', c.at, 'by', c.by, 'horizon', c.horizon, 'files', p.files,
        'after', c.link > audit_deletions.since) order by c.link), '[]')
    from thule.chain c
    cross join lateral (
        select coalesce(sum(cardinality(p.inos)), 0)::bigint as files from thule.chain_part p where p.link = c.link and p.area = 'gone'
    ) p
    where c.horizon is not null or p.files > 0;
end;
