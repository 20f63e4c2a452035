-- What was deleted, by whom, and what it was: a row for each name that was removed, or taken by another file in a rename. Its comments
-- say what each column is.
-- A name that was moved away is none that was deleted, nor is an exchange. Rows go when the past is pruned.
-- What was in it: thule.content_at_op(path, op - 1). To have it back: thule undo or thule restore.
-- Reads the names that ended, not the log; conditions on op and ino go by index.
create view thule.deleted_file as
select h.op_to as op,
    h.valid_to as at,
    (select k.name from thule.op_kind k where k.id = o.kind) as how,
    case when h.op_to >= p.op_from and h.op_to < p.op_to then p.path || '/' || thule.escape_name(h.name)
        else (select d.path || '/' || thule.escape_name(h.name) from thule_internal.directory_path(h.parent, h.op_to) d) end as path,
    h.ino::bigint,
    thule.mode_kind(v.mode) as kind,
    v.size::bigint,
    v.allocated::bigint,
    v.nlink,
    thule_internal.permission_bits(v.mode) as mode,
    thule_internal.mode_text(v.mode) as octal,
    v.uid::bigint as owner_uid,
    v.gid::bigint as owner_gid,
    a.uid,
    a.username,
    a.gid,
    a.pid,
    a.exe,
    a.cmdline,
    a.host,
    o.tag
from thule.dirent_history h
left join lateral (select l.kind, l.ino, l.actor, l.tag from thule.op l where l.op = h.op_to offset 0) o on true
left join thule.actor a on a.id = o.actor
cross join lateral (
    select x.mode, x.size, x.allocated, x.uid, x.gid, h.parent,
        (select count(*) from thule.dirent d where d.ino = h.ino and d.op_from <= h.op_to)
        + (select count(*) from thule.dirent_history d where d.ino = h.ino and d.op_from <= h.op_to and d.op_to > h.op_to) as nlink
    from (select) one
    left join thule_internal.inode_at_op(h.ino, h.op_to - 1) x on true
    limit 1
) v
cross join lateral thule_internal.directory_span(v.parent) p
where case when o.kind is null then v.nlink = 0 else o.kind = any (array(select k.id from thule.op_kind k where k.removes_name))
    or o.kind = any (array(select k.id from thule.op_kind k where k.replaces)) and o.ino <> h.ino end;

comment on view thule.deleted_file is
    'What was deleted, by whom, and what it was: one row for each name that was removed, or replaced by a rename. Of one path: select * from thule.deleted_file(''/path''). Example: select at, path, username, exe from thule.deleted_file where at > now() - interval ''1 day'' and nlink = 0;';
comment on column thule.deleted_file.op is 'Op that did it; the state before is op - 1, as in thule.content_at_op(path, op - 1).';
comment on column thule.deleted_file.at is 'When it was deleted.';
comment on column thule.deleted_file.how is 'unlink, rmdir, or rename: another file took the name. NULL: the log no longer has the op.';
comment on column thule.deleted_file.path is 'Path that was deleted, as it was then.';
comment on column thule.deleted_file.ino is 'Inode that had the name.';
comment on column thule.deleted_file.kind is 'file, directory, symlink, fifo, socket, char or block. NULL: its past was pruned, as for size, mode and owner.';
comment on column thule.deleted_file.size is 'Size in bytes just before.';
comment on column thule.deleted_file.allocated is 'Bytes that st_blocks counted just before.';
comment on column thule.deleted_file.nlink is 'Number of other names that it still had. 0: the file is gone.';
comment on column thule.deleted_file.mode is 'Permission bits just before, as a number.';
comment on column thule.deleted_file.octal is 'Permission bits just before, as chmod takes them.';
comment on column thule.deleted_file.owner_uid is 'User id of the owner of the file, just before.';
comment on column thule.deleted_file.owner_gid is 'Group id of the file, just before.';
comment on column thule.deleted_file.uid is 'User id of the process that deleted it. NULL here, and in the columns after it: the log no longer has the op.';
comment on column thule.deleted_file.username is 'Name of that user on the host of the mount; NULL: it had no name there.';
comment on column thule.deleted_file.gid is 'Group id of the process that deleted it.';
comment on column thule.deleted_file.pid is 'Process id. 0: the kernel itself.';
comment on column thule.deleted_file.exe is 'Program file of the process.';
comment on column thule.deleted_file.cmdline is 'Command line of the process.';
comment on column thule.deleted_file.host is 'Host name of the machine that the process ran on.';
comment on column thule.deleted_file.tag is 'Tag of thule run --tag, or undo:N, restore:N and erase:N. NULL: none.';

-- What was deleted under one path: those rows of thule.deleted_file whose path it is, found by index.
-- Parameters: path, absolute and escaped (thule_internal.path_names). Returns: rows of thule.deleted_file, the last first.
-- Tables touched: dirent, dirent_history, inode, inode_history, op, op_kind, actor (read).
create function thule_internal.deleted_rows(path text) returns setof thule.deleted_file
language sql stable strict parallel safe rows 2
begin atomic
    select d.*
    from thule_internal.named_at(deleted_rows.path) n
    join thule.deleted_file d on d.ino = n.ino and d.op = n.op_to
    where d.path = thule_internal.plain_path(deleted_rows.path)
    order by d.op desc;
end;

-- For a granted role: of the user's own files, where the user may look the path up; of processes as thule_internal.viewed_change has them.
create function thule_internal.deleted_seen(path text) returns setof thule.deleted_file
language plpgsql stable strict parallel safe security definer rows 2
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    return query select d.op, d.at, d.how, d.path, d.ino, d.kind, d.size, d.allocated, d.nlink, d.mode, d.octal, d.owner_uid, d.owner_gid, d.uid, d.username, d.gid, d.pid,
            d.exe, case when d.uid = viewer[1] then d.cmdline end, d.host, d.tag
        from thule_internal.deleted_rows(deleted_seen.path) d
        where thule_internal.is_own(d.ino, viewer) and thule_internal.viewed_path(d.path, d.op, viewer) is not null
        order by d.op desc;
end
$$;

create function thule.deleted_file(path text) returns setof thule.deleted_file
language sql stable parallel safe rows 2
begin atomic
    select d.* from thule_internal.deleted_rows(path) d where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.deleted_seen(path) s where not thule_internal.sees_tables();
end;

comment on function thule.deleted_file(text) is
    'What was deleted under a path, the last first: the rows of thule.deleted_file with that path, found by index. Example: select at, how, username, exe from thule.deleted_file(''/a/b'');';
