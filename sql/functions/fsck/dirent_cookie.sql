-- Offsets of entries in their directory: above 2 (. and .. have 1 and 2), no two alike in one directory.
create function thule_internal.fsck_dirent_cookie() returns table (check_id text, severity text, ino bigint, detail text)
language sql stable parallel safe
begin atomic
    select 'dirent_cookie' as check_id, 'error' as severity, d.ino,
        format('name %s in directory %s has cookie %s, which is not above 2', thule.escape_name(d.name), d.parent,
            d.cookie) as detail
    from thule.dirent d
    where d.cookie <= 2
    union all
    select 'dirent_cookie', 'error', d.parent, format('%s entries have cookie %s', count(*), d.cookie)
    from thule.dirent d
    group by d.parent, d.cookie
    having count(*) > 1;
end;
