-- Takes a name away: what unlink and rmdir have in common (fs/op/remove.c).
-- Parameters: kind, of the op: unlink or rmdir; parent, name: the place; slash, whether the path had one at the end, which only a directory can;
--   viewer, as of thule_internal.session_viewer. Returns: ino.
-- Errors: ENOENT, those of thule_internal.write_removable, ENOTEMPTY. Tables touched: op, inode, dirent, extent, xattr and the tables of their past (written).
create function thule_internal.write_remove(kind text, parent bigint, name bytea, slash boolean, viewer bigint[]) returns bigint
language plpgsql
as $$
declare
    d         thule.inode := thule_internal.write_directory(parent);
    found_ino bigint := thule_internal.write_entry(parent, name);
    i         thule.inode;
    w         record;
begin
    if found_ino is null then
        perform thule_internal.fail('ENOENT', format('there is no %s in directory %s', thule.escape_name(name), parent));
    end if;
    i := thule_internal.write_inode(found_ino);
    if slash and kind = 'unlink' then
        perform thule_internal.fail(case when thule_internal.is_directory(i.mode) then 'EISDIR' else 'ENOTDIR' end,
            format('%s ends in a slash', thule.escape_name(name)));
    end if;
    perform thule_internal.write_removable(d, i, kind = 'rmdir', viewer);
    perform thule_internal.write_empty(i);
    w := thule_internal.write_op(kind, found_ino, parent, name);
    perform thule_internal.write_name_gone(parent, name, w.op, w.at);
    perform thule_internal.write_unlinked(i, w.op, w.at);
    if thule_internal.is_directory(i.mode) then
        d.nlink := greatest(d.nlink - 1, 2);
    end if;
    perform thule_internal.write_touched(d, w.op, w.at);
    return found_ino;
end
$$;

-- Refuses a directory with names in it. Parameters: i, an inode. Errors: ENOTEMPTY. Tables touched: dirent (read).
create function thule_internal.write_empty(i thule.inode) returns void
language plpgsql
as $$
begin
    if thule_internal.is_directory(i.mode) and exists (select from thule.dirent d where d.parent = i.ino) then
        perform thule_internal.fail('ENOTEMPTY', format('directory %s is not empty', i.ino));
    end if;
end
$$;

-- An inode that has a name less. With its last one it ends, unless there is a mount that may have it open and ends it later.
-- Parameters: i, the inode; op, at, as of thule_internal.write_op. Returns: nothing. Tables touched: inode, extent, xattr and the tables of their past
--   (written), mount (read).
create function thule_internal.write_unlinked(i thule.inode, op bigint, at timestamptz) returns void
language plpgsql
as $$
begin
    i.nlink := case when thule_internal.is_directory(i.mode) then 0 else greatest(i.nlink - 1, 0) end;
    if i.nlink = 0 and not exists (select from thule.mount m where m.ended_at is null and not m.read_only) then
        perform thule_internal.write_gone(i.ino, op, at);
    else
        i.ctime_ns := thule.time_ns(at);
        perform thule_internal.write_version(i, op, at);
    end if;
end
$$;
