-- osquery's table `file_events`, of the log: what inotify would have said of each op, and nothing is lost. What the file was is that of after the op, and of a name
-- that went that of before.
create view osquery.file_events as
select case when e.path is not null then thule_internal.mount_path() || rtrim(e.path, '/') end as target_path,
    null::text as category,
    e.action,
    case when c.kind in ('rename', 'exchange') then c.op else 0 end as transaction_id,
    c.ino as inode,
    i.uid::bigint,
    i.gid::bigint,
    thule_internal.mode_text(i.mode) as mode,
    i.size::bigint,
    floor(i.atime_ns / 1000000000.0)::bigint as atime,
    floor(i.mtime_ns / 1000000000.0)::bigint as mtime,
    floor(i.ctime_ns / 1000000000.0)::bigint as ctime,
    null::text as md5,
    null::text as sha1,
    null::text as sha256,
    0 as hashed,
    floor(extract(epoch from c.at))::bigint as time,
    c.op::text as eid,
    c.op,
    c.at,
    c.pid,
    c.exe,
    c.cmdline,
    c.uid as actor_uid,
    c.username as actor_username,
    c.host,
    c.tag
from thule.change c
join thule.op_kind k on k.name = c.kind
cross join lateral (
    select 'CREATED' as action, case when c.kind = 'link' then c.new_path else c.path end as path where k.makes_inode or c.kind = 'link'
    union all
    select 'DELETED', c.path where k.removes_name
    union all
    select 'MOVED_FROM', c.path where c.kind in ('rename', 'exchange')
    union all
    select 'MOVED_TO', c.new_path where c.kind in ('rename', 'exchange')
    union all
    select 'MOVED_FROM', c.new_path where c.kind = 'exchange'
    union all
    select 'MOVED_TO', c.path where c.kind = 'exchange'
    union all
    select 'UPDATED', c.path where k.changes_bytes and not k.sets_mode
    union all
    select 'ATTRIBUTES_MODIFIED', c.path where k.changes_attributes and c.kind <> 'mkfs'
) e
left join lateral (
    select v.uid, v.gid, v.mode, v.size, v.atime_ns, v.mtime_ns, v.ctime_ns
    from thule_internal.inode_at_op(c.ino, case when k.removes_name then c.op - 1 else c.op end) v limit 1) i on true;

comment on view osquery.file_events is
    'As osquery has it, of the log: what happened to files, with who did it. Nothing need be configured, and nothing is lost. Quick by op and at, which are the log''s; a condition on time reads the log, one on target_path works out all its paths: see thule.change and thule.changes_under. Example: select time, action, target_path, exe from osquery.file_events where at > now() - interval ''10 minutes'';';
comment on column osquery.file_events.target_path is 'Path on the host, as it was then; NULL: it had no name any more.';
comment on column osquery.file_events.category is 'NULL: no paths are configured here. See tag.';
comment on column osquery.file_events.action is 'CREATED, UPDATED, DELETED, MOVED_FROM, MOVED_TO or ATTRIBUTES_MODIFIED.';
comment on column osquery.file_events.transaction_id is 'The same for the two rows of a rename; 0 for others.';
comment on column osquery.file_events.inode is 'Inode number.';
comment on column osquery.file_events.uid is 'User id of the owner after the event, as with all that follow; before it where a name was deleted. NULL: that part of the past was pruned.';
comment on column osquery.file_events.gid is 'Group id of the file.';
comment on column osquery.file_events.mode is 'Permission bits, four octal digits: 0644.';
comment on column osquery.file_events.size is 'Size in bytes.';
comment on column osquery.file_events.atime is 'Last read, seconds since 1970.';
comment on column osquery.file_events.mtime is 'Last change of the content, seconds since 1970.';
comment on column osquery.file_events.ctime is 'Last change of content or attributes, seconds since 1970.';
comment on column osquery.file_events.md5 is 'NULL: not hashed. thule.content_at_op(path, op) has the bytes of then.';
comment on column osquery.file_events.sha1 is 'NULL: not hashed.';
comment on column osquery.file_events.sha256 is 'NULL: not hashed.';
comment on column osquery.file_events.hashed is '0: not hashed.';
comment on column osquery.file_events.time is 'When it happened, seconds since 1970.';
comment on column osquery.file_events.eid is 'Number of the event: the op, as text. The rows of one rename share it.';
comment on column osquery.file_events.op is 'Not in osquery, as are all that follow: the op, as in thule.change.op.';
comment on column osquery.file_events.at is 'When it happened.';
comment on column osquery.file_events.pid is 'Process that did it.';
comment on column osquery.file_events.exe is 'Program file of that process.';
comment on column osquery.file_events.cmdline is 'Command line of that process.';
comment on column osquery.file_events.actor_uid is 'User id of that process.';
comment on column osquery.file_events.actor_username is 'Name of that user; NULL: it had none on its host.';
comment on column osquery.file_events.host is 'Host of that process.';
comment on column osquery.file_events.tag is 'Tag of thule run; NULL: none.';
