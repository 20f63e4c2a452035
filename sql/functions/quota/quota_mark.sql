-- Makes every inode's project the number of the tree that it is in: of its nearest directory above, or itself, that is
-- the top of one; 0 where there is none. In place, without a new version: it says what the inode counts for now.
-- Files without a name keep what they have.
-- Parameters: none. Returns: nothing.
-- Tables touched: inode (written), quota, dirent (read).
create function thule_internal.quota_mark() returns void
language plpgsql
as $$
begin
    with wanted as materialized (
        select t.ino, min(t.project) as project from thule.quota_tree t group by t.ino
    ), found as (
        select i.ino, coalesce(w.project, 0) as project
        from thule.inode i
        left join wanted w on w.ino = i.ino
        where i.project <> coalesce(w.project, 0) and i.nlink > 0
    )
    update thule.inode i set project = f.project from found f where i.ino = f.ino;
end
$$;
