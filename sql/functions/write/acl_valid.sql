-- Whether bytes are an access list: fs/op/acl.c, acl_valid(). Entries are in the order of their tags, one each for owner, owning group and
-- others, and a mask where users or groups are named.
-- Parameters: acl, as in the extended attribute. Returns: boolean. Tables touched: none.
create function thule_internal.acl_valid(acl bytea) returns boolean
language plpgsql immutable parallel safe
as $$
declare
    tags integer[] := '{}';
begin
    if octet_length(acl) % 8 <> 4 or substr(acl, 1, 4) <> E'\\x02000000' then
        return false;
    end if;
    for at in 4..octet_length(acl) - 8 by 8 loop
        if get_byte(acl, at + 1) > 0 or get_byte(acl, at + 2) > 7 or get_byte(acl, at + 3) > 0 then
            return false;
        end if;
        tags := tags || get_byte(acl, at);
    end loop;
    -- 1 owner, 2 user, 4 owning group, 8 group, 16 mask, 32 others.
    return array_to_string(tags, ' ') ~ '^1( 2)* 4( 8)*( 16)? 32$' and (16 = any (tags) or not tags && array[2, 8]);
end
$$;
