-- Quotas, and what is used of them. kind user, group or tree; id uid, gid or number of the tree; name of the user or group as
-- it was given, or path of the tree, as it was given when it has gone; limits null: none. bytes are those that st_blocks counts; an
-- inode with many names counts once, one without a name until it is closed.
create view thule.quota_usage as
with used as materialized (
    select i.uid, i.gid, i.project, grouping(i.uid, i.gid, i.project) as set,
        sum((i.allocated + 4095) / 4096 * 4096)::bigint as bytes, count(*) as inodes
    from thule.inode i
    where exists (select from thule.quota)
    group by grouping sets ((i.uid), (i.gid), (i.project))
)
select (array['user', 'group', 'tree'])[q.kind + 1] as kind, q.id,
    coalesce(thule.path(q.ino), q.name) as name,
    coalesce(u.bytes, 0) as bytes, q.bytes_limit, coalesce(u.inodes, 0) as inodes, q.inodes_limit
from thule.quota q
left join used u on case q.kind
    when 0 then u.set = 3 and u.uid = q.id
    when 1 then u.set = 5 and u.gid = q.id
    else u.set = 6 and u.project = q.id end;
