-- osquery's table `process_file_events`, of the log: one row for each op. Of the ids of a process FUSE tells those that count on filesystems.
create view osquery.process_file_events as
select c.kind as operation,
    c.pid::bigint as pid,
    a.ppid::bigint as ppid,
    floor(extract(epoch from c.at))::bigint as time,
    c.exe as executable,
    c.incomplete::text as partial,
    c.cwd,
    case when c.path is not null then thule_internal.mount_path() || rtrim(c.path, '/') end as path,
    case when c.new_path is not null then thule_internal.mount_path() || c.new_path else '' end as dest_path,
    c.uid::text as uid,
    c.gid::text as gid,
    coalesce(a.loginuid, 4294967295)::text as auid,
    c.uid::text as euid,
    c.gid::text as egid,
    c.uid::text as fsuid,
    c.gid::text as fsgid,
    null::text as suid,
    null::text as sgid,
    null::bigint as uptime,
    c.op::text as eid,
    c.op,
    c.at,
    c.cmdline,
    c.username,
    c.host,
    c.tag
from thule.change c
join thule.op o on o.op = c.op
left join thule.actor a on a.id = o.actor;

comment on view osquery.process_file_events is
    'As osquery has it, of the log: what processes did to files; reads and opens are not logged. Quick by op and at. Example: select time, operation, path, executable, cmdline from osquery.process_file_events order by op desc limit 20;';
comment on column osquery.process_file_events.operation is 'write, rename, link, symlink or unlink, as osquery calls them; others by the names of thule.op_kind: create, mkdir, chmod and so on.';
comment on column osquery.process_file_events.pid is 'Process id. 0: the kernel itself.';
comment on column osquery.process_file_events.ppid is 'Process id of its parent.';
comment on column osquery.process_file_events.time is 'When it happened, seconds since 1970.';
comment on column osquery.process_file_events.executable is 'Program file.';
comment on column osquery.process_file_events.partial is 'true: something of the process could not be read.';
comment on column osquery.process_file_events.cwd is 'Working directory of the process.';
comment on column osquery.process_file_events.path is 'Path on the host, as it was then; NULL: it had no name any more.';
comment on column osquery.process_file_events.dest_path is 'The new name of rename and link; empty for others.';
comment on column osquery.process_file_events.uid is 'User id of the process, as it counts on filesystems; so are euid and fsuid.';
comment on column osquery.process_file_events.gid is 'Group id of the process, as it counts on filesystems; so are egid and fsgid.';
comment on column osquery.process_file_events.auid is 'User id that the session logged in with; 4294967295: none.';
comment on column osquery.process_file_events.euid is 'User id of the process, as it counts on filesystems.';
comment on column osquery.process_file_events.egid is 'Group id of the process, as it counts on filesystems.';
comment on column osquery.process_file_events.fsuid is 'User id of the process, as it counts on filesystems.';
comment on column osquery.process_file_events.fsgid is 'Group id of the process, as it counts on filesystems.';
comment on column osquery.process_file_events.suid is 'NULL: not known.';
comment on column osquery.process_file_events.sgid is 'NULL: not known.';
comment on column osquery.process_file_events.uptime is 'NULL: not known. See time.';
comment on column osquery.process_file_events.eid is 'Number of the event: the op, as text.';
comment on column osquery.process_file_events.op is 'Not in osquery, as are all that follow: the op, as in thule.change.op.';
comment on column osquery.process_file_events.at is 'When it happened.';
comment on column osquery.process_file_events.cmdline is 'Command line, which the process may overwrite.';
comment on column osquery.process_file_events.username is 'Name of the user; NULL: it had none on its host.';
comment on column osquery.process_file_events.host is 'Host of the process.';
comment on column osquery.process_file_events.tag is 'Tag of thule run; NULL: none.';
