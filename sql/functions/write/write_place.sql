-- The place of a name that is to be made, removed or renamed, for somebody.
-- Parameters: path; viewer, as of thule_internal.session_viewer; root, dot, up: the errnos of paths that end in no name: /, . and ..; makes, whether a
--   slash at the end of what is not there is refused, too: nothing but a directory can have it.
-- Returns: as thule_internal.write_walk. Errors: also its. Tables touched: those of thule_internal.write_walk (read).
create function thule_internal.write_place(path text, viewer bigint[], root text, dot text, up text, makes boolean default false,
    out ino bigint, out dir bigint, out name bytea, out dots text, out slash boolean)
language plpgsql
as $$
declare
    w record := thule_internal.write_walk(path, false, viewer, true);
begin
    ino := w.ino;
    dir := w.dir;
    name := w.name;
    dots := w.dots;
    slash := w.slash;
    if dots is not null then
        perform thule_internal.write_no_name(path, case when dots = '/' then root when dots = '.' then dot else up end);
    elsif makes and slash and ino is null and octet_length(name) <= 255 then
        perform thule_internal.fail('ENOENT', format('there is no directory %s', path), 'Leave out the slash at the end.');
    end if;
end
$$;

-- Refuses a path that ends in no name. Parameters: path; errno_name. Returns: nothing. Errors: always. Tables touched: none.
create function thule_internal.write_no_name(path text, errno_name text) returns void
language plpgsql
as $$
begin
    perform thule_internal.fail(errno_name, format('%s does not end in a name', path));
end
$$;

-- A directory in which names are to be changed, by its number.
-- Parameters: ino. Returns: its row. Errors: ENOTDIR, ENOENT when it was removed, those of thule_internal.write_inode. Tables touched: inode (read).
create function thule_internal.write_directory(ino bigint) returns thule.inode
language plpgsql
as $$
declare
    d thule.inode := thule_internal.write_inode(ino);
begin
    if not thule_internal.is_directory(d.mode) then
        perform thule_internal.fail('ENOTDIR', format('inode %s is no directory', ino));
    elsif d.nlink = 0 then
        perform thule_internal.fail('ENOENT', format('the directory %s was removed', ino));
    end if;
    return d;
end
$$;

-- The inode that a name in a directory has.
-- Parameters: parent, the directory's ino; name. Returns: ino, null: there is no such name.
-- Errors: what cannot be a name (ENAMETOOLONG, EINVAL). Tables touched: dirent (read).
create function thule_internal.write_entry(parent bigint, name bytea) returns bigint
language plpgsql
as $$
begin
    if octet_length(name) > 255 then
        perform thule_internal.fail('ENAMETOOLONG', format('the name has %s bytes', octet_length(name)), 'A name has at most 255 bytes.');
    elsif name is null or name in ('', '.', '..') or position(E'\\x00'::bytea in name) > 0 or position('/'::bytea in name) > 0 then
        perform thule_internal.fail('EINVAL', format('%s is no name in a directory', coalesce(quote_literal(thule.escape_name(name)), 'null')));
    end if;
    return (select d.ino from thule.dirent d where d.parent = write_entry.parent and d.name = write_entry.name order by d.op_from desc limit 1);
end
$$;

-- Whether a directory is another one, or below it. Parameters: ino, above: directories. Returns: boolean. Tables touched: dirent (read).
create function thule_internal.write_below(ino bigint, above bigint) returns boolean
language plpgsql
as $$
begin
    while ino is not null and ino <> above loop
        ino := (select d.parent from thule.dirent d where d.ino = write_below.ino limit 1);
    end loop;
    return ino is not null;
end
$$;
