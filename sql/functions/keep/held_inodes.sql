-- Every inode whose past is held: those of thule.hold, and all that is or ever was in the directories among them.
-- Parameters: none. Returns: ino.
-- Tables touched: hold, dirent, dirent_history (read).
create function thule_internal.held_inodes() returns setof bigint
language sql stable
begin atomic
    with recursive held (ino) as (
        select h.ino from thule.hold h
        union
        select e.ino
        from held
        cross join lateral (
            select d.ino from thule.dirent d where d.parent = held.ino
            union all
            select d.ino from thule.dirent_history d where d.parent = held.ino
            offset 0
        ) e
    )
    select held.ino from held;
end;
