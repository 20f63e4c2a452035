-- What the digest of a link has to be.
-- Parameters: before, the digest of the link before it, null for the first one; c, the link, whose own digest is not looked at.
-- Returns: SHA-256. Tables touched: none.
create function thule_internal.audit_digest(before bytea, c thule.chain) returns bytea
language sql stable parallel safe
return sha256(record_send(row(before, (c).link, (c).at, convert_to((c).kind, 'UTF8'), convert_to((c).by, 'UTF8'), (c).uuid, (c).last_op, (c).next_blob,
    (c).horizon, (c).parts)));
