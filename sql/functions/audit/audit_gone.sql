-- Says in the chain what is about to be deleted, where there is a chain: what is not there later, and is said to be gone, is no finding.
-- Before a prune it links what is committed, as it is the ends of versions that say whether they were to be pruned. An erasure is done while
-- changes wait, and is known by its files.
-- Parameters: kind, prune or erase; who asked; horizon, what ended by this op goes; inos, of these files alone, null: of all.
-- Returns: nothing. Tables touched: those of audit_seal.
create function thule_internal.audit_gone(kind text, who text, horizon bigint, inos bigint[] default null) returns void
language plpgsql
as $$
declare
    last thule.chain;
begin
    if not exists (select from thule.chain) then
        return;
    end if;
    lock table thule.chain in share row exclusive mode;
    if kind = 'prune' then
        perform thule_internal.audit_seal(who);
    end if;
    select c.* into last from thule.chain c order by c.link desc limit 1;
    if inos is not null then
        insert into thule.chain_part (link, area, part, ops, inos)
            values (last.link + 1, 'gone', 0, array_fill(horizon, array[cardinality(inos)]), inos);
    end if;
    perform thule_internal.audit_link(last.link + 1, kind, who, last.last_op, last.next_blob, case when inos is null then horizon end);
end
$$;
