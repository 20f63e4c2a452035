-- The log, one row per op: what was done to what, when and by whom. Its comments say what each column is.
-- Of the names of an open file, path is the oldest.
-- Paths are worked out for the rows that are looked at, and those of directories once for a statement (thule_internal.directory_span, and
-- thule_internal.directory_path of those that were moved), so `order
-- by op desc limit 20`, and conditions on op, at, ino and tag are quick however long the log is; a condition on path reads all of
-- it: use thule.change(path), thule.changes_under(path), or thule.log(path), which follows the file through renames.
create view thule.change as
select o.op::bigint,
    o.at,
    k.name as kind,
    case when n.parent is null then case when o.ino = 1 then '/' end
        when o.op >= p.op_from and o.op < p.op_to then
            case when o.parent is not null or p.depth < thule_internal.max_depth() then p.path || '/' || thule.escape_name(n.name) end
        else (select d.path || '/' || thule.escape_name(n.name) from thule_internal.directory_path(n.parent, o.op) d) end as path,
    o.ino::bigint,
    a.uid,
    a.username,
    a.gid,
    a.pid,
    a.exe,
    a.cmdline,
    a.host,
    o.tag,
    case when o.new_parent is not null then
        (select d.path || '/' || thule.escape_name(o.new_name) from thule_internal.directory_path(o.new_parent, o.op) d) end as new_path,
    a.comm,
    a.cwd,
    a.chain,
    a.session,
    a.unit,
    a.run,
    o.deferred,
    case when k.changes_xattr then thule.escape_name(o.name) end as xattr,
    (select s.was - s.at from thule.clock_step s where s.op = o.op) as clock_set_back,
    a.exe_seen,
    a.exe_deleted,
    a.incomplete,
    o.off::bigint,
    o.len::bigint
from thule.op o
left join thule.op_kind k on k.id = o.kind
left join thule.actor a on a.id = o.actor
left join lateral (
    select m.parent, m.name
    from (
        select o.parent, o.name, o.op as op_from where o.parent is not null
        union all
        select d.parent, d.name, d.op_from from thule.dirent d where d.ino = o.ino and d.op_from <= o.op and o.parent is null
        union all
        select d.parent, d.name, d.op_from from thule.dirent_history d
        where d.ino = o.ino and d.op_from <= o.op and d.op_to > o.op and o.parent is null
    ) m
    order by m.op_from, m.parent, m.name limit 1
) n on true
cross join lateral thule_internal.directory_span(n.parent) p;

comment on view thule.change is
    'The log, one row for each op: what was done to what, when and by whom. Quick by op, at, ino and tag; of one path: select * from thule.change(''/path''). Example: select at, kind, path, username, exe from thule.change where at > now() - interval ''1 hour'' order by op;';
comment on column thule.change.op is 'Number of the op, as in op:N. Grows in the order in which things happened; the state before it is op - 1.';
comment on column thule.change.at is 'When it happened. Grows with op, unless the clock was set back: clock_set_back.';
comment on column thule.change.kind is 'create, mkdir, mknod, symlink, link, unlink, rmdir, rename, exchange, write, truncate, chmod, ...: thule.op_kind has all.';
comment on column thule.change.path is 'What the op named, as it was then: for unlink and rename the name that went. Of an open file one of its names; NULL: it had none left.';
comment on column thule.change.ino is 'Inode that it was done to.';
comment on column thule.change.uid is 'User id of the process that did it.';
comment on column thule.change.username is 'Name of that user on the host of the mount; NULL: it had no name there.';
comment on column thule.change.gid is 'Group id of the process that did it.';
comment on column thule.change.pid is 'Process id. 0: the kernel itself.';
comment on column thule.change.exe is 'Program file. See exe_seen and exe_deleted for how far that is proof.';
comment on column thule.change.cmdline is 'Command line, which the process may overwrite.';
comment on column thule.change.host is 'Host name of the machine that the process ran on.';
comment on column thule.change.tag is 'Tag of thule run --tag, or undo:N, restore:N and erase:N of what thule did as a whole. NULL: none.';
comment on column thule.change.new_path is 'The name that rename and link gave, and the other one of exchange. NULL for other kinds.';
comment on column thule.change.comm is 'Short name of the process, which it may choose itself.';
comment on column thule.change.cwd is 'Working directory of the process; empty: it could not be read.';
comment on column thule.change.chain is 'Ancestors of the process, parent first: comm[pid] <- comm[pid].';
comment on column thule.change.session is 'Session id of the process (setsid(2)); 0: not known.';
comment on column thule.change.unit is 'Unit of systemd that the process belongs to, or container: docker:ID, lxc:NAME. Empty: neither.';
comment on column thule.change.run is 'Run of the tag: a UUID. NULL where there is no tag.';
comment on column thule.change.deferred is 'The kernel did it by itself later, such as writing back a memory mapping: the process is the one that opened the file.';
comment on column thule.change.xattr is 'Name of the extended attribute that was set or removed; NULL for other kinds.';
comment on column thule.change.clock_set_back is 'By how much the clock was set back just before; NULL nearly always.';
comment on column thule.change.exe_seen is 'true: exe is the file that ran; false: it is only its name in another mount namespace, such as a container; NULL: not known.';
comment on column thule.change.exe_deleted is 'The file at exe was removed or replaced while the process ran.';
comment on column thule.change.incomplete is 'Something of the process could not be read: a text that is empty may be missing.';
comment on column thule.change.off is 'First byte of write, fallocate and copy_range; the new size of truncate, in bytes. NULL for other kinds.';
comment on column thule.change.len is 'Number of bytes of write, fallocate, copy_range, and of the value of setxattr. NULL for other kinds.';
