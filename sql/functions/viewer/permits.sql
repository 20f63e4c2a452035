-- Whether a user may do something to a file by its mode or access list, as the kernel and fs/op/acl.c decide it (acl(5)).
-- Parameters: mode, uid, gid; acl, as in the extended attribute, null where it has none; viewer, an array of the uid of who asks,
--   the gid, and more groups, or null: somebody to whom no rules apply; want, bits of 4 read, 2 write, 1 execute or search.
-- Returns: boolean. Tables touched: none.
create function thule_internal.permits(mode integer, uid bigint, gid bigint, acl bytea, viewer bigint[], want integer) returns boolean
language sql immutable parallel safe
begin atomic
    select case
        when viewer is null or viewer[1] = 0 or want = 0 then true
        when acl is null then (case when viewer[1] = uid then mode >> 6 when gid = any (viewer[2:]) then mode >> 3 else mode end
            & want) = want
        else (
            -- Tags: 1 owner, 2 user, 4 owning group, 8 group, 16 mask, 32 others. Of the classes the first that fits decides, of
            -- groups any that has all of it.
            select coalesce((
                select case when bool_or(f.class = 1) then bool_or(f.class = 1 and f.permits)
                    when bool_or(f.class = 2) then bool_or(f.class = 2 and f.permits)
                    when bool_or(f.class = 4) then bool_or(f.class = 4 and f.permits)
                    else bool_or(f.permits) end
                from (
                    select case e.tag when 8 then 4 else e.tag end as class,
                        (e.perm & case when e.tag in (2, 4, 8) then coalesce(min(e.perm) filter (where e.tag = 16) over (), 7) else 7 end
                            & want) = want as permits,
                        case e.tag when 1 then viewer[1] = permits.uid when 2 then viewer[1] = e.id
                            when 4 then permits.gid = any (viewer[2:]) when 8 then e.id = any (viewer[2:]) else e.tag = 32 end as fits
                    from (
                        select get_byte(acl, o) + get_byte(acl, o + 1) * 256 as tag,
                            get_byte(acl, o + 2) + get_byte(acl, o + 3) * 256 as perm,
                            get_byte(acl, o + 4) + get_byte(acl, o + 5) * 256::bigint + get_byte(acl, o + 6) * 65536::bigint
                                + get_byte(acl, o + 7) * 16777216::bigint as id
                        from generate_series(4, octet_length(acl) - 8, 8) o
                    ) e
                ) f
                where f.fits), false)
        ) end;
end;
