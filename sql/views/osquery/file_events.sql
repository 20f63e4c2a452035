-- osquery's table `file_events`, of the log: what inotify would have said of each op, and nothing is lost. What the file was is that of after the op, and of a name
-- that went that of before. Bytes are read of the rows and columns that the answer has, and of no others, as of osquery.hash.
create view osquery.file_events as
select case when e.path is not null then thule_internal.mount_path() || rtrim(e.path, '/') end as target_path,
    null::text as category,
    e.action,
    case when c.kind in ('rename', 'exchange') then c.op else 0 end as transaction_id,
    e.ino as inode,
    i.uid::bigint,
    i.gid::bigint,
    thule_internal.mode_text(i.mode) as mode,
    i.size::bigint,
    floor(i.atime_ns / 1000000000.0)::bigint as atime,
    floor(i.mtime_ns / 1000000000.0)::bigint as mtime,
    floor(i.ctime_ns / 1000000000.0)::bigint as ctime,
    case when i.hashed then thule_internal.file_hash(e.ino, e.at_op, 'md5') end as md5,
    case when i.hashed then thule_internal.file_hash(e.ino, e.at_op, 'sha1') end as sha1,
    case when i.hashed then thule_internal.file_hash(e.ino, e.at_op, 'sha256') end as sha256,
    coalesce(i.hashed, false)::integer as hashed,
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
    select 'CREATED' as action, case when c.kind = 'link' then c.new_path else c.path end as path, c.ino, c.op as at_op where k.makes_inode or c.kind = 'link'
    union all
    select 'DELETED', c.path, c.ino, c.op - 1 where k.removes_name
    union all
    select 'MOVED_FROM', c.path, c.ino, c.op where c.kind in ('rename', 'exchange')
    union all
    select 'MOVED_TO', c.new_path, c.ino, c.op where c.kind in ('rename', 'exchange')
    union all
    select w.action, case w.action when 'MOVED_FROM' then c.new_path else c.path end, d.ino, c.op
    from (values ('MOVED_FROM'), ('MOVED_TO')) w (action)
    cross join lateral (
        -- What had the other name of an exchange.
        select d.ino from thule.op o join thule.dirent_history d on d.parent = o.new_parent and d.name = o.new_name and d.op_to = o.op
        where o.op = c.op limit 1) d
    where c.kind = 'exchange'
    union all
    select 'UPDATED', c.path, c.ino, c.op where k.changes_bytes and not k.sets_mode
    union all
    select 'ATTRIBUTES_MODIFIED', c.path, c.ino, c.op where k.changes_attributes and c.kind <> 'mkfs'
) e
left join lateral (
    select v.uid, v.gid, v.mode, v.size, v.atime_ns, v.mtime_ns, v.ctime_ns, thule_internal.is_file(v.mode) and v.size <= 1073741000 as hashed
    from thule_internal.inode_at_op(e.ino, e.at_op) v limit 1) i on true;

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
comment on column osquery.file_events.md5 is 'MD5 of the bytes that the file had after the event, in hex digits; NULL: hashed is 0, or its bytes are not for who asks. They are read of the rows and for the columns that the answer has, once for each hash.';
comment on column osquery.file_events.sha1 is 'SHA-1 of these bytes; NULL: also where the extension pgcrypto is not installed in the database.';
comment on column osquery.file_events.sha256 is 'SHA-256 of these bytes; NULL: as md5.';
comment on column osquery.file_events.hashed is '1: the hashes are there for who asks for them; 0: it is no regular file, has more than 1 GB, or that part of the past was pruned.';
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
