-- Blobs that nothing refers to, in the present or the past: room that is lost. Those of a batch come in its transaction with
-- what refers to them, and prune frees them with the last that does.
create function thule_internal.fsck_blob_unused() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'blob_unused' as check_id, 'warning' as severity, null::bigint as ino,
        format('blob %s holds %s bytes that nothing refers to', b.id, octet_length(b.data)) as detail
    from thule.blob b
    where not exists (select from thule.extent e where e.blob = b.id)
        and not exists (select from thule.extent_history e where e.blob = b.id);
end;
