-- What stands before the paths of this filesystem in those of its host: where it is mounted, or was mounted last.
-- Parameters: none. Returns: text, escaped, without a slash at the end; '' where it was never mounted, or as the root of its host.
-- Tables touched: mount, lease (read).
create function thule_internal.mount_path() returns text
language sql stable parallel safe
begin atomic
    select rtrim(coalesce((
        select thule.escape_name(convert_to(m.mountpoint, 'UTF8'))
        from thule.mount m
        where m.mountpoint <> '' and not m.read_only
        order by m.id in (select thule_internal.mount_alive()) desc, m.id desc limit 1), ''), '/');
end;
