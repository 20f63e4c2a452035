-- Plans the removal of what is to be erased from the present, in the tables of thule_internal.change_begin.
-- Parameters: args: path, escaped.
-- Returns: nothing; leaves the inodes in pg_temp.erase_ino. Errors: those of thule_internal.erase_inodes and thule_internal.history_alone.
-- Tables touched: dirent, dirent_history, inode, inode_history, hold (read).
create function thule_internal.erase_prepare(args jsonb) returns void
language plpgsql
as $$
begin
    perform thule_internal.history_alone();
    perform thule_internal.change_begin();
    perform thule_internal.erase_begin();
    perform thule_internal.progress(10);
    insert into pg_temp.erase_ino (ino) select e as ino from thule_internal.erase_inodes(args ->> 'path') e;
    insert into pg_temp.change_name (ino, from_parent, from_name)
        select d.ino, d.parent, d.name from pg_temp.erase_ino e join thule.dirent d on d.ino = e.ino;
    perform thule_internal.progress(40);
end
$$;
