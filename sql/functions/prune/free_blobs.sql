-- Deletes those of some blobs that nothing refers to, neither the present nor the past. The caller has the past for
-- itself (thule_internal.history_alone).
-- Nobody can be about to refer to one: the daemon refers to blobs of the same transaction, or to those of extents that
-- are there until it commits, and where it cuts an extent, each statement sees it either in the present or in the past.
-- Parameters: candidates, blob ids.
-- Returns: blobs, how many; bytes, what they held.
-- Tables touched: blob (written), extent, extent_history (read).
create function thule_internal.free_blobs(candidates bigint[], out blobs bigint, out bytes bigint)
language sql
begin atomic
    with gone as (
        delete from thule.blob b
        where b.id = any (candidates)
            and not exists (select from thule.extent e where e.blob = b.id)
            and not exists (select from thule.extent_history e where e.blob = b.id)
        returning octet_length(b.data) as length
    )
    select count(*), coalesce(sum(g.length), 0)::bigint from gone g;
end;
