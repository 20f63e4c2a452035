-- Puts a link at the end of the chain, for rows of thule.chain_part that are there already.
-- Parameters: link, its number; kind; who asked; last_op, next_blob, horizon: as in thule.chain.
-- Returns: nothing. Tables touched: chain (written), chain_part, superblock (read).
create function thule_internal.audit_link(link bigint, kind text, who text, last_op bigint, next_blob bigint, horizon bigint default null)
returns void
language plpgsql
as $$
declare
    c thule.chain;
begin
    select audit_link.link, clock_timestamp(), audit_link.kind, audit_link.who, s.uuid, audit_link.last_op, audit_link.next_blob, audit_link.horizon,
        thule_internal.audit_parts(audit_link.link), null
        into c
        from thule.superblock s;
    c.digest := thule_internal.audit_digest((select p.digest from thule.chain p where p.link = audit_link.link - 1), c);
    insert into thule.chain select c.*;
end
$$;
