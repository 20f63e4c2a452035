-- An access list as setfacl(1) reads it: 'user::rw-,user:1000:r--,group::r--,mask::r--,other::---'.
-- Parameters: acl, the value of system.posix_acl_access or system.posix_acl_default.
-- Returns: text; null for null and for bytes that are no list.
-- Tables touched: none.
-- Four bytes of version, then eight for each entry, little-endian: tag and permissions in two each, an id in four.
create function thule_internal.acl_text(acl bytea) returns text
language sql immutable strict parallel safe
begin atomic
    select string_agg(concat(
            case get_byte(acl, at) when 1 then 'user:' when 2 then 'user:' when 4 then 'group:' when 8 then 'group:'
                when 16 then 'mask:' when 32 then 'other:' end,
            case when get_byte(acl, at) in (2, 8) then get_byte(acl, at + 4) + (get_byte(acl, at + 5) << 8)
                + (get_byte(acl, at + 6) << 16) + get_byte(acl, at + 7) * 16777216::bigint end, ':',
            case when get_byte(acl, at + 2) & 4 > 0 then 'r' else '-' end,
            case when get_byte(acl, at + 2) & 2 > 0 then 'w' else '-' end,
            case when get_byte(acl, at + 2) & 1 > 0 then 'x' else '-' end), ',' order by at)
    from generate_series(4, octet_length(acl) - 8, 8) at
    where octet_length(acl) % 8 = 4;
end;
