-- Links what is left of blobs that thule_internal.clear_blobs has cleared in part, so that they are no findings.
-- Parameters: who asked; candidates, those that were sound before (thule_internal.audit_sound_blobs).
-- Returns: nothing. Tables touched: chain, chain_part (written), blob (read).
create function thule_internal.audit_cleared(who text, candidates bigint[]) returns void
language plpgsql
as $$
declare
    last thule.chain;
begin
    if not exists (select from thule.blob b where b.id = any (candidates)) then
        return;
    end if;
    lock table thule.chain in share row exclusive mode;
    select c.* into last from thule.chain c order by c.link desc limit 1;
    insert into thule.chain_part (link, area, part, ops, ids)
        select last.link + 1, 'blob', 0, array_agg(b.id::bigint), array_agg(sha256(b.data)) from thule.blob b where b.id = any (candidates);
    perform thule_internal.audit_link(last.link + 1, 'erase', who, last.last_op, last.next_blob);
end
$$;
