-- Walks a path as the kernel does now for somebody who is to change something, and refuses with its errnos. What only asks uses
-- thule_internal.walk_at_op, which knows the past.
-- Parameters: path, absolute and escaped (thule_internal.path_names); follow, whether a symbolic link as the last name is followed; viewer, as of
--   thule_internal.session_viewer; place, whether the last name is to be made, removed or renamed: then it is not looked through, and only
--   thule_internal.write_entry says whether it can be one.
-- Returns: ino, null where the last name is not there; dir and name, of the last name in its directory, null where the path ends in no name: then
--   dots is '/', '.' or '..'; slash, whether there is one at the end.
-- Errors: ENOENT, ENOTDIR, EACCES, also as fs.protected_symlinks has it, ELOOP, ENAMETOOLONG, EINVAL for a relative path, and EXDEV where a link leads out of the filesystem.
-- Tables touched: dirent, inode, xattr, mount (read).
create function thule_internal.write_walk(path text, follow boolean, viewer bigint[], place boolean default false,
    out ino bigint, out dir bigint, out name bytea, out dots text, out slash boolean)
language plpgsql
as $$
declare
    max_links constant integer := 40;       -- as the kernel has it
    todo      text[];
    step      text;
    next      integer := 1;
    links     integer := 0;
    last      boolean;
    found_ino bigint;
    mode      integer;
    link      bytea;
    owner     bigint;
    target    text;
begin
    if path is null or path = '' then
        perform thule_internal.fail('ENOENT', 'there is no path', 'A path begins with /, the root of the mount.');
    elsif left(path, 1) <> '/' then
        perform thule_internal.fail('EINVAL', format('%s is not an absolute path', quote_literal(path)), 'Begin it with /, the root of the mount.');
    end if;
    if strpos(path, E'\\') > 0 then
        perform thule_internal.write_escapes(path);
    end if;
    todo := array_remove(string_to_array(path, '/'), '');
    slash := right(path, 1) = '/';
    ino := 1;
    dots := '/';
    while next <= cardinality(todo) loop
        step := todo[next];
        name := case when strpos(step, E'\\') = 0 then convert_to(step, 'UTF8') else thule.unescape_name(step) end;
        next := next + 1;
        last := next > cardinality(todo);
        dir := ino;
        dots := null;
        if viewer is not null then
            perform thule_internal.write_permit(thule_internal.write_inode(dir), 1, viewer);
        end if;
        if name in ('.', '..') then
            dots := convert_from(name, 'UTF8');
            if name = '..' and ino <> 1 then
                select d.parent into ino from thule.dirent d where d.ino = write_walk.dir limit 1;
            end if;
            continue;
        elsif octet_length(name) > 255 and not (last and place) then
            perform thule_internal.fail('ENAMETOOLONG', format('a name in %s has %s bytes', left(path, 100), octet_length(name)), 'A name has at most 255 bytes.');
        end if;
        select d.ino into found_ino from thule.dirent d
            where d.parent = write_walk.dir and d.name = write_walk.name order by d.op_from desc limit 1;
        if not found and not last then
            perform thule_internal.fail('ENOENT', format('%s: there is no %s', path, thule.escape_name(name)));
        end if;
        ino := found_ino;
        exit when last and (found_ino is null or place or not follow and not slash);
        select p.mode, p.target, p.uid into mode, link, owner from thule.inode p where p.ino = write_walk.ino order by p.era desc nulls last limit 1;
        if thule_internal.is_symlink(mode) then
            links := links + 1;
            if links > max_links then
                perform thule_internal.fail('ELOOP', format('%s: too many levels of symbolic links', path));
            elsif last then
                perform thule_internal.write_protected_link(thule_internal.write_inode(dir), owner, viewer, path);
            end if;
            target := thule.escape_name(link);
            if left(target, 1) = '/' then
                target := thule_internal.link_inside(link, null);
                if target is null then
                    perform thule_internal.fail('EXDEV', format('%s: a link leads out of the filesystem, to %s', path, thule.escape_name(link)));
                end if;
                ino := 1;
            else
                ino := dir;
            end if;
            slash := slash or last and right(target, 1) = '/';
            todo := array_remove(string_to_array(target, '/'), '') || todo[next:];
            next := 1;
            dots := coalesce(dots, '/');
        elsif not thule_internal.is_directory(mode) and (not last or slash) then
            perform thule_internal.fail('ENOTDIR', format('%s: %s is no directory', path, thule.escape_name(name)));
        end if;
    end loop;
    if dots is not null then
        name := null;
        dir := null;
    end if;
end
$$;

-- The inode that a path leads to, for somebody who is to change it.
-- Parameters: path; follow, whether a symbolic link as the last name is followed; viewer, as of thule_internal.session_viewer.
-- Returns: ino. Errors: those of thule_internal.write_walk; there is nothing (ENOENT). Tables touched: those of thule_internal.write_walk (read).
create function thule_internal.write_found(path text, follow boolean, viewer bigint[]) returns bigint
language plpgsql
as $$
declare
    w record := thule_internal.write_walk(path, follow, viewer);
begin
    if w.ino is null then
        perform thule_internal.fail('ENOENT', format('there is no %s', path));
    end if;
    return w.ino;
end
$$;
