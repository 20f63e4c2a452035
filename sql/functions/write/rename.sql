-- Moves a name, or exchanges two: the checks of the kernel in their order, then those of fs/op/rename.c.
-- Parameters: parent, name, slash: the place of the name, and whether its path had a slash at the end; new_parent, new_name, new_slash: the other place; flags,
--   as those of renameat2(2); viewer, as of thule_internal.session_viewer. Returns: ino.
-- Errors: ENOENT, EEXIST, ENOTDIR, EISDIR, EINVAL, ENOTEMPTY, EXDEV, EMLINK, those of thule_internal.write_removable.
-- Tables touched: op, inode, dirent, extent, xattr and the tables of their past (written).
create function thule_internal.write_rename(parent bigint, name bytea, slash boolean, new_parent bigint, new_name bytea, new_slash boolean, flags integer,
    viewer bigint[]) returns bigint
language plpgsql
as $$
declare
    exchange boolean := flags & 2 <> 0;
    d        thule.inode := thule_internal.write_directory(parent);
    e        thule.inode := thule_internal.write_directory(new_parent);
    ino      bigint := thule_internal.write_entry(parent, name);
    over     bigint;
    i        thule.inode;
    o        thule.inode;                   -- what the other name has; all null: nothing
    is_dir   boolean;
    over_dir boolean;
begin
    if ino is null then
        perform thule_internal.fail('ENOENT', format('there is no %s in directory %s', thule.escape_name(name), parent));
    end if;
    over := thule_internal.write_entry(new_parent, new_name);
    if flags & 1 <> 0 and over is not null then
        perform thule_internal.fail('EEXIST', format('there is a %s in directory %s', thule.escape_name(new_name), new_parent));
    elsif exchange and over is null then
        perform thule_internal.fail('ENOENT', format('there is no %s in directory %s', thule.escape_name(new_name), new_parent));
    end if;
    i := thule_internal.write_inode(ino);
    is_dir := thule_internal.is_directory(i.mode);
    over_dir := false;
    if over is not null then
        o := thule_internal.write_inode(over);
        over_dir := thule_internal.is_directory(o.mode);
    end if;
    if not is_dir and (slash or not exchange and new_slash) or exchange and not over_dir and new_slash then
        perform thule_internal.fail('ENOTDIR', format('%s is no directory', thule.escape_name(case when is_dir then new_name else name end)));
    elsif is_dir and thule_internal.write_below(new_parent, ino) then
        perform thule_internal.fail('EINVAL', format('directory %s cannot go below itself', ino));
    elsif over_dir and thule_internal.write_below(parent, over) then
        perform thule_internal.fail(case when exchange then 'EINVAL' else 'ENOTEMPTY' end, format('directory %s has the other in it', over));
    elsif ino = over then
        return ino;                         -- two names of one inode: nothing to do, says POSIX
    end if;
    perform thule_internal.write_removable(d, i, is_dir, viewer);
    if over is null then
        perform thule_internal.write_permit(e, 3, viewer);
        perform thule_internal.write_flags(e, 16);
    else
        perform thule_internal.write_removable(e, o, case when exchange then over_dir else is_dir end, viewer);
    end if;
    if parent <> new_parent and is_dir then
        perform thule_internal.write_permit(i, 2, viewer);
    end if;
    if parent <> new_parent and exchange and over_dir then
        perform thule_internal.write_permit(o, 2, viewer);
    end if;
    if is_dir and parent <> new_parent and e.nlink = 2147483647 then
        perform thule_internal.fail('EMLINK', format('directory %s has as many directories as it can', new_parent));
    elsif not exchange and over is not null then
        perform thule_internal.write_empty(o);
    end if;
    if d.project <> e.project then
        perform thule_internal.fail('EXDEV', 'the directories are in trees with different quotas');
    end if;
    perform thule_internal.write_moved(d, name, i, e, new_name, o, exchange);
    return ino;
end
$$;

-- Does what thule_internal.write_rename has found to be allowed.
-- Parameters: d, name, i: directory, name and inode that move; e, new_name: where to; o, what is there, all null: nothing; exchange, whether it moves the
-- other way. Returns: nothing. Tables touched: those of thule_internal.write_rename (written).
create function thule_internal.write_moved(d thule.inode, name bytea, i thule.inode, e thule.inode, new_name bytea, o thule.inode, exchange boolean)
returns void
language plpgsql
as $$
declare
    subdir     integer := thule_internal.is_directory(i.mode)::integer;
    over_dir   integer := coalesce(thule_internal.is_directory(o.mode), false)::integer;
    cookie     bigint;
    new_cookie bigint;
    w          record;
begin
    w := thule_internal.write_op(case when exchange then 'exchange' else 'rename' end, i.ino, d.ino, name, e.ino, new_name);
    -- A name keeps its place in its directory: who lists that meanwhile sees it once.
    cookie := thule_internal.write_name_gone(d.ino, name, w.op, w.at);
    if o.ino is not null then
        new_cookie := thule_internal.write_name_gone(e.ino, new_name, w.op, w.at);
    end if;
    if not exchange then
        new_cookie := case when d.ino = e.ino then cookie end;
    end if;
    perform thule_internal.write_name(e.ino, new_name, i.ino, w.op, w.at, new_cookie);
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    d.nlink := d.nlink - subdir;
    e.nlink := e.nlink + subdir - over_dir;
    if exchange then
        perform thule_internal.write_name(d.ino, name, o.ino, w.op, w.at, cookie);
        o.ctime_ns := w.now_ns;
        perform thule_internal.write_version(o, w.op, w.at);
        d.nlink := d.nlink + over_dir;
    elsif o.ino is not null then
        perform thule_internal.write_unlinked(o, w.op, w.at);
    end if;
    if d.ino = e.ino then
        e.nlink := e.nlink - subdir + case when exchange then over_dir else 0 end;
    else
        perform thule_internal.write_touched(d, w.op, w.at);
    end if;
    perform thule_internal.write_touched(e, w.op, w.at);
end
$$;

-- Refuses flags that renameat2(2) has not, or not together. Parameters: flags. Returns: them. Errors: EINVAL. Tables touched: none.
create function thule_internal.write_rename_flags(flags integer) returns integer
language plpgsql
as $$
begin
    if flags is null or flags not between 0 and 2 then
        perform thule_internal.fail('EINVAL', format('there are no flags %s of a rename', coalesce(flags::text, 'null')),
            '0 replaces what is there, 1 does not (RENAME_NOREPLACE), 2 exchanges both (RENAME_EXCHANGE).');
    end if;
    return flags;
end
$$;

-- Renames, as renameat2(2).
-- Parameters: parent and name, new_parent and new_name, or the two paths; flags: 1, RENAME_NOREPLACE, or 2, RENAME_EXCHANGE. Returns: ino.
-- Errors: EBUSY for paths that end in no name; EINVAL for other flags; those of thule_internal.write_begin, write_walk and write_rename.
-- Tables touched: those of thule_internal.write_rename (written).
create function thule.rename(parent bigint, name bytea, new_parent bigint, new_name bytea, flags integer default 0) returns bigint
language plpgsql
as $$
begin
    return thule_internal.write_rename(parent, name, false, new_parent, new_name, false, thule_internal.write_rename_flags(flags),
        thule_internal.write_begin());
end
$$;

comment on function thule.rename(bigint, bytea, bigint, bytea, integer) is
    'Moves a name: the inode of its directory and the name, and the same of where to; returns the inode that moves. Flags: 1 replaces nothing, 2 exchanges both. Example: select thule.rename(42, ''b'', 43, ''c'');';

create function thule.rename("from" text, "to" text, flags integer default 0) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    f      record;
    t      record;
begin
    flags := thule_internal.write_rename_flags(flags);
    -- Both directories are looked for before either name.
    f := thule_internal.write_walk("from", false, viewer, true);
    t := thule_internal.write_walk("to", false, viewer, true);
    if f.dots is not null then
        perform thule_internal.write_no_name("from", 'EBUSY');
    elsif t.dots is not null then
        perform thule_internal.write_no_name("to", case when flags & 1 <> 0 then 'EEXIST' else 'EBUSY' end);
    end if;
    return thule_internal.write_rename(f.dir, f.name, f.slash, t.dir, t.name, t.slash, flags, viewer);
end
$$;

comment on function thule.rename(text, text, integer) is
    'Renames a file or directory, as renameat2(2); returns its inode. Flags: 0 replaces what is there, 1 does not, 2 exchanges both. Example: select thule.rename(''/a/b'', ''/a/c'', 1);';
