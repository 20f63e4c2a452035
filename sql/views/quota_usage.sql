-- Quotas, and what is used of them. An inode with many names counts once, one without a name until it is closed. The name of a tree that
-- has gone is the path that was given.
-- history_bytes are those of the past of a user's files, as thule.usage counts bytes_past: contents and extended attributes
-- that were overwritten, cut off or removed, each piece as long as it was, not as compressed, until they are pruned. They count
-- for who owns the file now, or did when it went. Null where no user has a history_limit, because counting reads all of the past.
create view thule.quota_usage as
with used as materialized (
    select i.uid, i.gid, i.project, grouping(i.uid, i.gid, i.project) as set,
        sum((i.allocated + 4095) / 4096 * 4096 + coalesce(x.bytes, 0))::bigint as bytes, count(*) as inodes
    from thule.inode i
    left join (
        select a.ino, sum(octet_length(a.name) + octet_length(a.value)) as bytes from thule.xattr a group by a.ino
    ) x on x.ino = i.ino
    where exists (select from thule.quota)
    group by grouping sets ((i.uid), (i.gid), (i.project))
), past as materialized (
    select o.uid, sum(h.bytes)::bigint as bytes
    from (
        select e.ino, sum(e.bytes) as bytes
        from (
            select x.ino, x.len as bytes from thule.extent_history x
            union all
            select x.ino, octet_length(x.value) from thule.xattr_history x
        ) e
        where exists (select from thule.quota q where q.history_limit is not null)
        group by e.ino
    ) h
    cross join lateral (
        select coalesce((select i.uid from thule.inode i where i.ino = h.ino limit 1),
            (select v.uid from thule.inode_history v where v.ino = h.ino order by v.op_from desc limit 1)) as uid
    ) o
    group by o.uid
)
select (array['user', 'group', 'tree'])[q.kind + 1] as kind, q.id,
    coalesce(thule.path(q.ino), q.name) as name,
    coalesce(u.bytes, 0) as bytes, q.bytes_limit, coalesce(u.inodes, 0) as inodes, q.inodes_limit,
    case when q.kind = 0 and exists (select from thule.quota l where l.history_limit is not null)
        then coalesce((select p.bytes from past p where p.uid = q.id), 0) end as history_bytes,
    q.history_limit
from thule.quota q
left join used u on case q.kind
    when 0 then u.set = 3 and u.uid = q.id
    when 1 then u.set = 5 and u.gid = q.id
    else u.set = 6 and u.project = q.id end;

comment on view thule.quota_usage is
    'Quotas of users, groups and directory trees, and what is used of them. Example: select name, bytes, bytes_limit from thule.quota_usage where kind = ''user'';';
comment on column thule.quota_usage.kind is 'user, group or tree.';
comment on column thule.quota_usage.id is 'User id, group id, or number of the tree.';
comment on column thule.quota_usage.name is 'Name of the user or group as it was given, or path of the tree.';
comment on column thule.quota_usage.bytes is 'Bytes used: blocks of 4096 bytes that st_blocks counts, and names and values of extended attributes.';
comment on column thule.quota_usage.bytes_limit is 'Limit of bytes; NULL: none.';
comment on column thule.quota_usage.inodes is 'Inodes used, each counted once whatever its number of names.';
comment on column thule.quota_usage.inodes_limit is 'Limit of inodes; NULL: none.';
comment on column thule.quota_usage.history_bytes is 'Bytes that only the past of the users files has, until it is pruned; NULL: no user has a history_limit, or it is no user.';
comment on column thule.quota_usage.history_limit is 'Limit of history_bytes; NULL: none.';
