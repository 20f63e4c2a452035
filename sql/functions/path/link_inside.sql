-- Where in the filesystem the target of an absolute symbolic link is, by where the filesystem is or ever was mounted.
-- Parameters: target, bytes; home: the directories that are its root, in bytes; null: the mountpoints in thule.mount.
-- Returns: the path from the root, escaped; null where the link leads out of the filesystem.
-- Tables touched: mount (read).
create function thule_internal.link_inside(target bytea, home bytea[]) returns text
language sql stable parallel safe
begin atomic
    select '/' || thule.escape_name(substring(target from octet_length(d.dir) + 1))
    from (
        select unnest(home) as dir
        union all
        select convert_to(m.mountpoint, 'UTF8') from thule.mount m where home is null and m.mountpoint <> '' and not m.read_only
    ) d
    where substring(target || '/'::bytea for octet_length(d.dir) + 1) = d.dir || '/'::bytea
    order by octet_length(d.dir) desc limit 1;
end;
