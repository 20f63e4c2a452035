-- Links that are not what they were when they were made, or are missing.
-- Parameters: none. Returns: link, what: in words. Tables touched: chain, chain_part (read).
create function thule_internal.audit_links() returns table (link bigint, what text)
language sql stable parallel safe
begin atomic
    select c.link,
        case when c.link <> c.place then format('link %s of the chain is missing', c.place)
            when c.parts <> thule_internal.audit_parts(c.link) then format('link %s: its rows in thule.chain_part were altered', c.link)
            else format('link %s: its row in thule.chain, or that of the link before, was altered', c.link) end as what
    from (
        select c.link, c.parts, c.digest, row_number() over w as place, thule_internal.audit_digest(lag(c.digest) over w, c) as made
        from thule.chain c
        window w as (order by c.link)
    ) c
    where c.link <> c.place or c.digest <> c.made or c.parts <> thule_internal.audit_parts(c.link)
    union all
    select p.link, format('thule.chain_part has rows of link %s, which is not in thule.chain', p.link)
    from (select distinct p.link from thule.chain_part p) p
    where not exists (select from thule.chain c where c.link = p.link);
end;
