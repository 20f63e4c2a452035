-- An access list with other permissions, as chmod(2) gives it: fs/op/acl.c, acl_set_mode().
-- Parameters: acl, as in the extended attribute; mode. Returns: bytea. Tables touched: none.
create function thule_internal.acl_of_mode(acl bytea, mode integer) returns bytea
language plpgsql immutable strict parallel safe
as $$
declare
    at    integer := 4;                     -- an entry has a tag, permissions and an id: 2, 2 and 4 bytes
    class integer;                          -- where the entry for the group bits is: that of the mask, else of the owning group
    tag   integer;
begin
    while at + 8 <= octet_length(acl) loop
        tag := get_byte(acl, at);
        if tag = 1 then
            acl := set_byte(acl, at + 2, (mode >> 6) & 7);
        elsif tag = 32 then
            acl := set_byte(acl, at + 2, mode & 7);
        elsif tag = 16 or tag = 4 and class is null then
            class := at;
        end if;
        at := at + 8;
    end loop;
    return case when class is null then acl else set_byte(acl, class + 2, (mode >> 3) & 7) end;
end
$$;

-- The permission bits that an access list stands for: fs/op/acl.c, acl_mode().
-- Parameters: acl, as in the extended attribute. Returns: mode; minimal, whether it says no more than that. Tables touched: none.
create function thule_internal.acl_mode(acl bytea, out mode integer, out minimal boolean)
language plpgsql immutable strict parallel safe
as $$
declare
    class integer;
begin
    mode := 0;
    minimal := true;
    for at in 4..octet_length(acl) - 8 by 8 loop
        case get_byte(acl, at)
            when 1 then mode := mode | (get_byte(acl, at + 2) << 6);
            when 4 then class := coalesce(class, get_byte(acl, at + 2));
            when 32 then mode := mode | get_byte(acl, at + 2);
            when 16 then
                class := get_byte(acl, at + 2);
                minimal := false;
            else minimal := false;
        end case;
    end loop;
    mode := mode | (coalesce(class, 0) << 3);
end
$$;
