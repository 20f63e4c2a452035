-- Links what was committed since the last link, and begins the chain where there is none.
-- Parameters: who asks for it.
-- Returns: the last link, which is an older one where nothing is new or the caller may not make one; unlinked, the ops after it.
-- Tables touched: chain, chain_part (written), superblock and all that audit_row and audit_extent read, blob (read).
-- Sorted, an array at a time is in memory; hashed, all of them would be.
create function thule_internal.audit_seal(who text, out link bigint, out op bigint, out at timestamptz, out digest bytea, out unlinked bigint)
language plpgsql
set enable_hashagg = off
set enable_seqscan = on
set enable_sort = on
set plan_cache_mode = force_custom_plan
as $$
declare
    made     bigint;
    since    bigint;
    upto     bigint;
    blob_lo  bigint;
    blob_hi  bigint;
    chunk    constant bigint := 10000;
begin
    if has_table_privilege('thule.chain', 'insert') and has_table_privilege('thule.chain', 'update') and not pg_is_in_recovery() then
        -- One at a time; who reads is not held up.
        lock table thule.chain in share row exclusive mode;
        select coalesce(max(c.link), 0) + 1, coalesce(max(c.last_op), 0), coalesce(max(c.next_blob), 1) into made, since, blob_lo from thule.chain c;
        select s.next_op - 1, s.next_blob into upto, blob_hi from thule.superblock s;
        if upto > since or blob_hi > blob_lo or made = 1 then
            insert into thule.chain_part (link, area, part, ops, ends, inos, parents, ids)
                select made, r.area, case when r.op_from > since then r.op_from else r.op_to end / chunk,
                    array_agg(r.op_from), array_agg(r.op_to), array_agg(r.ino), array_agg(r.parent), array_agg(r.id)
                from thule_internal.audit_row(since, upto) r
                group by 2, 3;
            insert into thule.chain_part (link, area, part, ops, ends, inos, blobs, shifts, los, his)
                select made, 'extent', case when e.op_from > since then e.op_from else e.op_to end / chunk,
                    array_agg(e.op_from), array_agg(e.op_to), array_agg(e.ino), array_agg(e.blob), array_agg(e.shift), array_agg(e.lo), array_agg(e.hi)
                from thule_internal.audit_extent(since, upto) e
                group by 3;
            insert into thule.chain_part (link, area, part, ops, ids)
                select made, 'blob', b.id / chunk, array_agg(b.id::bigint), array_agg(sha256(b.data))
                from thule.blob b
                where b.id >= blob_lo and b.id < blob_hi
                group by 3;
            perform thule_internal.audit_link(made, 'seal', who, upto, blob_hi);
        end if;
    end if;
    select c.link, c.last_op, c.at, c.digest into link, op, at, digest from thule.chain c order by c.link desc limit 1;
    select s.next_op - 1 - coalesce(op, 0) into unlinked from thule.superblock s;
end
$$;
