-- Removes what a path names, and with recursive what is below it, deepest first: each as thule.unlink or thule.rmdir does. A symbolic
-- link is removed itself.
-- Parameters: path; recursive. Returns: how many names were removed.
-- Errors: those of thule.unlink and thule.rmdir; then nothing is removed. Tables touched: those of these.
create function thule.remove(path text, recursive boolean default false) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    p      record;
    i      thule.inode;
    e      record;
    gone   bigint := 0;
begin
    p := thule_internal.write_place(remove.path, viewer, 'EBUSY', 'EINVAL', 'ENOTEMPTY');
    if p.ino is null then
        perform thule_internal.fail('ENOENT', format('there is no %s', remove.path));
    end if;
    i := thule_internal.write_inode(p.ino);
    if not thule_internal.is_directory(i.mode) then
        perform thule_internal.write_remove('unlink', p.dir, p.name, p.slash, viewer);
        return 1;
    elsif remove.recursive then
        for e in
            with recursive below (parent, name, ino, depth) as (
                select d.parent, d.name, d.ino, 1 from thule.dirent d where d.parent = p.ino
                union all
                select d.parent, d.name, d.ino, b.depth + 1
                from below b
                cross join lateral (select c.parent, c.name, c.ino from thule.dirent c where c.parent = b.ino offset 0) d
            )
            select b.parent, b.name, (select thule_internal.is_directory(n.mode) from thule.inode n where n.ino = b.ino limit 1) as dir
            from below b order by b.depth desc
        loop
            if viewer is not null then          -- who removes what is in a directory has to list it
                perform thule_internal.write_permit(thule_internal.write_inode(e.parent), 4, viewer);
            end if;
            perform thule_internal.write_remove(case when e.dir then 'rmdir' else 'unlink' end, e.parent, e.name, false, viewer);
            gone := gone + 1;
        end loop;
    elsif exists (select from thule.dirent d where d.parent = p.ino) then
        perform thule_internal.fail('ENOTEMPTY', format('directory %s is not empty', remove.path),
            'thule.remove(path, recursive => true) removes it with all that is in it.');
    end if;
    perform thule_internal.write_remove('rmdir', p.dir, p.name, false, viewer);
    return gone + 1;
end
$$;

comment on function thule.remove(text, boolean) is
    'Removes a file, a link or an empty directory; recursive: a directory with all that is in it; returns how many names. Their past stays. Example: select thule.remove(''/old'', recursive => true);';
