-- An inode and those that have names below it now.
-- Parameters: top, an ino, or null. Returns: inos; none for null. Tables touched: dirent (read).
-- Strict, and so no part of the statement that asks: who may not read the table may ask the rest of that.
create function thule_internal.inodes_below(top bigint) returns setof bigint
language sql stable strict parallel safe rows 1000
begin atomic
    with recursive below (ino) as (
        select top
        union
        select e.ino
        from below b
        cross join lateral (select d.ino from thule.dirent d where d.parent = b.ino offset 0) e
    )
    select b.ino from below b;
end;
