-- osquery's table `mounts`, of this filesystem alone: where its daemon serves it, with the figures of statvfs(3).
create view osquery.mounts as
select l.field[2] as device,
    ''::text as device_alias,
    l.field[1] as path,
    l.field[3] as type,
    l.field[5]::bigint as blocks_size,
    l.field[6]::bigint as blocks,
    l.field[7]::bigint as blocks_free,
    l.field[8]::bigint as blocks_available,
    l.field[9]::bigint as inodes,
    l.field[10]::bigint as inodes_free,
    l.field[4] as flags,
    m.host,
    m.mounted_at
from thule_internal.live_lines('report', 'mount') l
join thule.mount m on m.id = l.mount;

comment on view osquery.mounts is
    'As osquery has it: where this filesystem is mounted for writing, with the figures of df. The daemon is asked, as for thule.live_budget. Example: select path, flags, blocks_available * blocks_size from osquery.mounts;';
comment on column osquery.mounts.device is 'Source of the mount.';
comment on column osquery.mounts.device_alias is 'Empty: the source is no file.';
comment on column osquery.mounts.path is 'Directory that it is mounted at; those that it is bound to have rows of their own.';
comment on column osquery.mounts.type is 'fuse.thulefs.';
comment on column osquery.mounts.blocks_size is 'Size of a block in bytes.';
comment on column osquery.mounts.blocks is 'Blocks in all.';
comment on column osquery.mounts.blocks_free is 'Blocks that are free.';
comment on column osquery.mounts.blocks_available is 'Blocks that are free for users.';
comment on column osquery.mounts.inodes is 'Inodes in all.';
comment on column osquery.mounts.inodes_free is 'Inodes that are free.';
comment on column osquery.mounts.flags is 'Options, as /proc/mounts has them.';
comment on column osquery.mounts.host is 'Not in osquery: host that it is mounted on.';
comment on column osquery.mounts.mounted_at is 'Not in osquery: since when.';
