-- osquery's table `suid_bin`, of the whole filesystem: osquery looks in /bin, /usr/bin and a few others alone.
create view osquery.suid_bin as
select thule_internal.mount_path() || f.path as path,
    coalesce(f.username, f.uid::text) as username,
    coalesce(f.groupname, f.gid::text) as groupname,
    case when f.mode & 2048 <> 0 then 'S' else '' end || case when f.mode & 1024 <> 0 then 'G' else '' end as permissions,
    (select max(i.op_from) from thule.inode i where i.ino = f.ino) as op
from thule.file f
where f.kind = 'file' and f.mode & 3072 <> 0;

comment on view osquery.suid_bin is
    'As osquery has it: regular files with the set-user-id or set-group-id bit, but of the whole filesystem. Reads all inodes. Example: select path, username, permissions from osquery.suid_bin;';
comment on column osquery.suid_bin.path is 'Path on the host.';
comment on column osquery.suid_bin.username is 'Name of the owner, or the number where nobody has told the database a name.';
comment on column osquery.suid_bin.groupname is 'Name of the group, or its number.';
comment on column osquery.suid_bin.permissions is 'S: set-user-id; G: set-group-id; SG: both.';
comment on column osquery.suid_bin.op is 'Not in osquery: last op that changed the file, as in thule.change.op, which says who and when.';
