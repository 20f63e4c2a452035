-- The paths that a table of schema osquery shows, with what it needs of thule.file: those that the statement asks for, by index, else all.
-- Parameters: statement, schemas, relation: those of thule_internal.asked.
-- Returns: path and directory as on the host of the mount, a directory that was asked for as it was written; place, the path from the mount's root;
--   columns of thule.file; end_ino, end_place: what it is when symbolic links are followed, null where they lead nowhere in this filesystem.
-- Tables touched: those of thule.file, mount, lease (read).
create function thule_internal.asked_files(statement text, schemas name[], relation text)
returns table (path text, directory text, place text, ino bigint, kind text, octal text, uid bigint, gid bigint, rdev text, size bigint, nlink integer,
    atime timestamptz, mtime timestamptz, ctime timestamptz, btime timestamptz, target text, end_ino bigint, end_place text)
language plpgsql stable parallel safe rows 1000
as $$
declare
    home   constant text := thule_internal.mount_path();
    demand record;
    part   record;
    chosen text;
    typed  text[] := '{}';                   -- directories as they were written, and as they are
    dirs   text[] := '{}';
begin
    -- The narrowest of what it demands.
    select a.about, a.how, a.wanted into demand from thule_internal.asked(statement, schemas, relation) a
    order by a.how <> '=', a.about <> 'path', cardinality(a.wanted) limit 1;
    select array_agg(w), array_agg(coalesce(nullif(rtrim(w, '/'), ''), '/')) into typed, dirs
    from unnest(case when demand.how = '=' and demand.about = 'directory' then demand.wanted end) w where starts_with(w, '/');
    select p.names, p.above into part from thule_internal.asked_places(home, demand.about, demand.how, demand.wanted) p;
    -- Each name, and each directory, for itself: the planner must not take them for many.
    foreach chosen in array case when demand.about is null or part.names is null then array['thule.file f']
        else array['unnest($2, $3) n (ino, path) cross join lateral (select %s from thule.file f where f.ino = n.ino and f.path = n.path offset 0) f',
            'unnest($4) d (ino) cross join lateral (select %s from thule.file f where f.parent = d.ino offset 0) f'] end
    loop
        continue when part.names = '{}' and chosen like 'unnest($2%' or part.above = '{}' and chosen like 'unnest($4%';
        return query execute format($q$
            select p.path, coalesce(($5)[array_position($6, p.directory)], p.directory), f.path, f.ino, f.kind, f.octal, f.uid, f.gid, f.rdev, f.size,
                f.nlink, f.atime, f.mtime, f.ctime, f.btime, f.target, case when f.kind = 'symlink' then l.ino else f.ino end,
                case when f.kind = 'symlink' then l.place else f.path end
            from %s
            cross join lateral (select coalesce(nullif($1 || rtrim(f.path, '/'), ''), '/') as path offset 0) h
            cross join lateral (select h.path, coalesce(nullif(regexp_replace(h.path, '/[^/]*$', ''), ''), '/') as directory offset 0) p
            left join lateral (select w.ino, coalesce(nullif(w.place, ''), '/') as place
                from thule_internal.walk_at_op(f.path, thule_internal.present(), true) w where f.kind = 'symlink' and w.ino is not null offset 0) l on true$q$,
            format(chosen, 'f.path, f.ino, f.kind, f.octal, f.uid, f.gid, f.rdev, f.size, f.nlink, f.atime, f.mtime, f.ctime, f.btime, f.target'))
            using home, (select array_agg(thule_internal.plain_inode(n)) from unnest(part.names) n), part.names, part.above, typed, dirs;
    end loop;
end
$$;
