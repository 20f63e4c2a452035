-- What was deleted, by whom, and what it was: a row for each name that was removed, or taken by another file in a rename.
-- op is the op that did it, how its kind: unlink, rmdir or rename; path what went, as it was then. kind, size, allocated, mode, octal,
-- owner_uid and owner_gid are those of the file just before, nlink how many other names it still had: 0 where it is gone.
-- uid, username, gid, pid, exe, cmdline, host and tag are who did it, as in thule.change; null where that op was pruned from the log.
-- A name that was moved away is none that was deleted, nor is an exchange. Rows go when the past is pruned.
-- What was in it: thule.content_at_op(path, op - 1). To have it back: thule undo or thule restore.
-- Reads the names that ended, not the log; conditions on op and ino go by index.
create view thule.deleted_file as
select h.op_to as op,
    h.valid_to as at,
    case o.kind when 6 then 'unlink' when 7 then 'rmdir' when 8 then 'rename' end as how,
    case when h.op_to >= p.op_from and h.op_to < p.op_to then p.path || '/' || thule.escape_name(h.name)
        else thule.entry_path(h.parent, h.name, h.op_to) end as path,
    h.ino,
    thule.mode_kind(v.mode) as kind,
    v.size,
    v.allocated,
    v.nlink,
    v.mode & 4095 as mode,
    thule.mode_text(v.mode) as octal,
    v.uid as owner_uid,
    v.gid as owner_gid,
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
    left join thule.inode_at_op(h.ino, h.op_to - 1) x on true
    limit 1
) v
cross join lateral thule.directory_span(v.parent) p
where case when o.kind is null then v.nlink = 0 else o.kind in (6, 7) or o.kind = 8 and o.ino <> h.ino end;

comment on view thule.deleted_file is 'What was deleted, by whom, and what it was: a row for each name that was removed or overwritten by a rename.';
comment on column thule.deleted_file.op is 'the op that did it: the state before is op - 1';
comment on column thule.deleted_file.how is 'unlink, rmdir, or rename: another file took the name; null: the log was pruned';
comment on column thule.deleted_file.path is 'what went, as it was then';
comment on column thule.deleted_file.kind is 'what it was: file, directory, symlink, fifo, socket, char or block';
comment on column thule.deleted_file.size is 'of the file, just before';
comment on column thule.deleted_file.nlink is 'how many other names it still had; 0: it is gone';
comment on column thule.deleted_file.owner_uid is 'whose file it was';
comment on column thule.deleted_file.uid is 'who did it: uid, username, gid, pid, exe, cmdline, host';

-- What was deleted under one path: those rows of thule.deleted_file whose path it is, found by index.
-- Parameters: path, absolute and escaped (thule.path_names). Returns: rows of thule.deleted_file, the last first.
-- Tables touched: dirent, dirent_history, inode, inode_history, op, actor (read).
create function thule.deleted_file(path text) returns setof thule.deleted_file
language sql stable strict parallel safe rows 2
begin atomic
    select d.*
    from thule.named_at(deleted_file.path) n
    join thule.deleted_file d on d.ino = n.ino and d.op = n.op_to
    where d.path = thule.plain_path(deleted_file.path)
    order by d.op desc;
end;
