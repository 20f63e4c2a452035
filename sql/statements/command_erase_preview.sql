-- thule erase: what it would take. The path, $1 escaped or else $2 as bytes.
with target as materialized (
    select thule_internal.erase_inodes(p.path) as ino
    from (select coalesce($1::text, thule.escape_name($2::bytea)) as path) p
)
select coalesce($1::text, thule.escape_name($2::bytea)) as path,
    (select count(*) from target) as files,
    (select count(*) from target t join thule.inode i on i.ino = t.ino)
        + (select count(*) from target t join thule.inode_history i on i.ino = t.ino) as versions,
    (select string_agg(thule_internal.entry_path(d.parent, d.name, thule_internal.present()), E'\n')
        from target t join thule.dirent d on d.ino = t.ino) as names
