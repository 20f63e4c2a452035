-- Those of some blobs that are what the chain says, before thule_internal.clear_blobs clears parts of them.
-- Parameters: candidates, blob ids. Returns: blob ids. Tables touched: chain_part, blob (read).
create function thule_internal.audit_sound_blobs(candidates bigint[]) returns bigint[]
language plpgsql stable
as $$
begin
    -- The chain is read only where there is something to find.
    if coalesce(cardinality(candidates), 0) = 0 or not exists (select from thule.chain) then
        return '{}';
    end if;
    return array(
        select a.blob
        from thule_internal.audit_blobs() a
        join thule.blob b on b.id = a.blob
        where a.blob = any (candidates) and sha256(b.data) = a.id);
end
$$;
