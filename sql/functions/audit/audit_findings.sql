-- What is not as it was linked, one kind of thing after the other, and tells how far it is (thule_internal.progress).
-- Parameters: none. Returns: op; area, the table; ino; what: in words. Of the chain itself op is null.
-- Tables touched: all that is linked (read).
create function thule_internal.audit_findings() returns table (op bigint, area text, ino bigint, what text)
language plpgsql stable
as $$
#variable_conflict use_column
begin
    return query select null::bigint, 'chain', null::bigint, l.what from thule_internal.audit_links() l;
    perform thule_internal.progress(10);
    return query select op, area, ino, what from thule_internal.audit_versions();
    perform thule_internal.progress(50);
    return query select op, area, ino, what from thule_internal.audit_extents();
    perform thule_internal.progress(70);
    return query select op, area, ino, what from thule_internal.audit_blob_bytes();
    perform thule_internal.progress(100);
end
$$;
