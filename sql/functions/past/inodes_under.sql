-- The inodes that belong to a path: what it names, or else named last, and everything in that; of what was there and
-- is nowhere any more, all that ever was. What was moved elsewhere belongs there.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: ino; none when there never was such a path.
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.inodes_of(path text) returns setof bigint
language sql stable strict
begin atomic
    with recursive named as materialized (
        select n.ino, n.op_to from thule_internal.named_at(path) n
    ), now_here (ino) as (
        select n.ino from named n where n.op_to = thule_internal.present()
        union
        select e.ino
        from now_here h
        cross join lateral (select d.ino from thule.dirent d where d.parent = h.ino offset 0) e
    ), ever_here (ino) as (
        select n.ino from named n
        union
        select e.ino
        from ever_here h
        cross join lateral (
            select d.ino from thule.dirent d where d.parent = h.ino
            union all
            select d.ino from thule.dirent_history d where d.parent = h.ino
            offset 0
        ) e
    )
    select h.ino from now_here h
    union
    select h.ino from ever_here h
    where h.ino <> 1 and not exists (select from thule.dirent d where d.ino = h.ino);
end;

-- The same, for the owner and auditors.
create function thule.inodes_under(path text) returns setof bigint
language sql stable
begin atomic
    select i.ino from thule_internal.inodes_of(path) i (ino) where thule_internal.sees_tables()
    union all
    select thule_internal.closed('thule.inodes_under()', 'Ask thule.files_under() for what is there, and thule.changes_under() for what was done.') where not thule_internal.sees_tables();
end;

comment on function thule.inodes_under(text) is
    'Inodes that a path names, or named last, and of everything in it; what was moved away belongs elsewhere. Example: select * from thule.deleted_file where ino in (select thule.inodes_under(''/a''));';
