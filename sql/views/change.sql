-- The log, one row per op: what was done to what, when and by whom.
-- path is what the op named, as it was then: for unlink and rename the name that went. Ops that were done through
-- an open file give the inode's path at that time (of several the oldest), null when it had none left.
-- new_path is the name that rename and link gave, and the other of the two names of exchange.
-- username is the name of uid on the host that had the mount.
-- deferred marks what the kernel did later by itself, such as writing back the pages of a mapping: its actor is the
-- process that opened the file. exe_seen, exe_deleted and incomplete say how far exe is proof: schema/actor.sql. xattr is the name of the extended attribute that was set or removed. chain is who started the process, parent first; run tells runs of one tag apart.
-- clock_set_back: by how much the clock was set back just before; null nearly always.
-- Paths are worked out for the rows that are returned, so `order by op desc limit 20`, `op between` and
-- `ino =` are quick however long the log is; a condition on path is not: use thule.log(path).
create view thule.change as
select o.op,
    o.at,
    k.name as kind,
    case when o.parent is null then thule.path_at_op(o.ino, o.op)
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
    s.was - s.at as clock_set_back,
    a.exe_seen,
    a.exe_deleted,
    a.incomplete
from thule.op o
left join thule.op_kind k on k.id = o.kind
left join thule.actor a on a.id = o.actor
left join thule.clock_step s on s.op = o.op;
