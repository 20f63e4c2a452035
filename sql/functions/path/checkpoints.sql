-- Of every directory whose number 16 divides, the way up to the next: thule_internal.path_up by number. In a statement it is worked out once, when
-- the first path is asked for that is deeper than some 80 names.
-- Parameters: none. Returns: an object, number -> what path_up returns; null where it would be too large.
-- Tables touched: dirent, dirent_history (read).
create function thule_internal.checkpoints() returns jsonb
language sql stable parallel safe cost 1000000
begin atomic
    select case when sum(length(u.path)) < 64000000 then jsonb_object_agg(c.ino, u) end
    from (
        select d.parent as ino from thule.dirent d where d.parent % 16 = 0
        union
        select h.parent from thule.dirent_history h where h.parent % 16 = 0
    ) c
    cross join lateral thule_internal.path_up(c.ino, 1) u;
end;
