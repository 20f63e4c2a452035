-- What a backup says of the filesystem and its server, and what taking one needs. Columns: uuid, database, role, the role that
-- initdb made, major version, bytes of a segment of WAL, data folder (null: the role may not see it), last op, now, whether
-- the role may replicate, whether the server keeps enough WAL, how many may copy at once, bytes of the databases that it may see.
select
    s.uuid,
    current_database(),
    current_user,
    (select r.rolname from pg_roles r where r.oid = 10),
    current_setting('server_version_num')::integer / 10000,
    (select p.setting from pg_settings p where p.name = 'wal_segment_size'),
    (select p.setting from pg_settings p where p.name = 'data_directory'),
    s.next_op - 1,
    clock_timestamp(),
    (select r.rolsuper or r.rolreplication from pg_roles r where r.rolname = current_user),
    current_setting('wal_level') <> 'minimal',
    current_setting('max_wal_senders')::integer,
    (select sum(pg_database_size(d.oid))::bigint from pg_database d where has_database_privilege(d.oid, 'connect'))
from thule.superblock s
order by s.next_op desc
limit 1
