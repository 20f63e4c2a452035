-- The log, one row per op: what was done to what, when and by whom.
-- path is what the op named, as it was then: for unlink and rename the name that went. Ops that were done through
-- an open file give the inode's path at that time (of several the oldest), null when it had none left.
-- new_path is the name that rename and link gave, and the other of the two names of exchange.
-- username is the name of uid on the host that had the mount.
-- deferred marks what the kernel did later by itself, such as writing back the pages of a mapping: its actor is the
-- process that opened the file. exe_seen, exe_deleted and incomplete say how far exe is proof: schema/actor.sql. xattr is the name of the extended attribute that was set or removed. chain is who started the process, parent first; run tells runs of one tag apart.
-- clock_set_back: by how much the clock was set back just before; null nearly always.
-- off and len: of write, fallocate and copy_range the bytes that were changed; off of truncate is the new size, len of setxattr the
-- length of the value.
-- Paths are worked out for the rows that are looked at, and those of directories once for a statement (thule.directory_span), so `order
-- by op desc limit 20`, and conditions on op, at, ino and tag are quick however long the log is; a condition on path reads all of
-- it: use thule.change(path), or thule.log(path), which follows the file through renames.
create view thule.change as
select o.op,
    o.at,
    k.name as kind,
    case when n.parent is null then case when o.ino = 1 then '/' end
        when o.op >= p.op_from and o.op < p.op_to then
            case when o.parent is not null or p.depth < thule.max_depth() then p.path || '/' || thule.escape_name(n.name) end
        when o.parent is null then thule.path_at_op(o.ino, o.op)
        else thule.entry_path(o.parent, o.name, o.op) end as path,
    o.ino,
    a.uid,
    a.username,
    a.gid,
    a.pid,
    a.exe,
    a.cmdline,
    a.host,
    o.tag,
    thule.entry_path(o.new_parent, o.new_name, o.op) as new_path,
    a.comm,
    a.cwd,
    a.chain,
    a.session,
    a.unit,
    a.run,
    o.deferred,
    case when o.kind in (17, 18) then thule.escape_name(o.name) end as xattr,
    (select s.was - s.at from thule.clock_step s where s.op = o.op) as clock_set_back,
    a.exe_seen,
    a.exe_deleted,
    a.incomplete,
    o.off,
    o.len
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
cross join lateral thule.directory_span(n.parent) p;

comment on view thule.change is
    'The log, one row per op. Quick by op, at, ino and tag; of one path: select * from thule.change(''/path'').';
comment on column thule.change.op is 'number of the op, as in op:N; grows in the order in which things happened';
comment on column thule.change.kind is 'create, mkdir, mknod, symlink, link, unlink, rmdir, rename, exchange, write, truncate, ...';
comment on column thule.change.path is 'what the op named, as it was then; of a file that was open one of its names, null when it had none';
comment on column thule.change.uid is 'who did it: uid, username, gid, pid, exe, cmdline, host, comm, cwd, chain, session, unit';
comment on column thule.change.chain is 'who started the process, parent first';
comment on column thule.change.new_path is 'the name that rename and link gave, and the other one of exchange';
comment on column thule.change.tag is 'of thule run --tag, or undo:N and restore:N';
comment on column thule.change.run is 'which run of the tag';
comment on column thule.change.deferred is 'the kernel did it later: the process is who opened the file';
comment on column thule.change.xattr is 'name of the extended attribute that was set or removed';
comment on column thule.change.clock_set_back is 'by how much the clock was set back just before';
comment on column thule.change.exe_seen is 'exe is the file that ran; false: only its name in another namespace; null: not known';
comment on column thule.change.off is 'offset of write, fallocate and copy_range; new size of truncate';
comment on column thule.change.len is 'bytes of write, fallocate, copy_range and setxattr';

-- The changes that named a path: those rows of thule.change whose path it is, found by index.
-- Parameters: path, absolute and escaped (thule.path_names). Returns: rows of thule.change, in no order.
-- Tables touched: dirent, dirent_history, op, actor, op_kind, superblock, pruned_inode (read).
-- What named it once had a name there, which leads to its ops; where names of the past were pruned and ops were not, those are looked for
-- in that part of the log.
create function thule.change(path text) returns setof thule.change
language sql stable strict parallel safe rows 10
begin atomic
    with wanted as materialized (
        select w.names, w.names[cardinality(w.names)] as name, coalesce(nullif(thule.plain_path(change.path), ''), '/') as path
        from (select thule.path_names(change.path) as names offset 0) w
    ), ops as materialized (
        select o.op from thule.named_at(change.path) n join thule.op o on o.ino = n.ino and o.op between n.op_from and n.op_to
        union
        select o.op
        from wanted w
        join thule.op o on o.name = w.name and o.parent is not null and o.op <= greatest(
            (select s.pruned_op from thule.superblock s), (select max(p.op) from thule.pruned_inode p))
    )
    select c.*
    from ops
    cross join wanted w
    cross join lateral (select c.* from thule.change c where c.op = ops.op offset 0) c
    where c.path = w.path;
end;
