-- thule stat: extended attributes of an inode ($1) as of an op ($2), as $3 may see them: a user at the door, or null, a line for people each.
select case when a.list is null then 'xattr' when x.name = 'system.posix_acl_access' then 'acl' else 'default' end as label,
    coalesce(a.list, thule.escape_name(x.name) || '=' || thule.escape_name(substring(x.value for 200))
        || case when octet_length(x.value) > 200 then format('... (%s bytes)', octet_length(x.value)) else '' end) as line
from thule_internal.xattrs_at_op($1::bigint, $2::bigint) x
cross join lateral (
    select case when x.name in ('system.posix_acl_access', 'system.posix_acl_default') then thule_internal.acl_text(x.value) end as list
) a
where $3::bigint[] is null or substring(x.name for 8) <> 'trusted.' and thule_internal.may_reach($1::bigint, $2::bigint, 4, $3)
order by x.name
