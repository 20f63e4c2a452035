-- thule status: one row about a filesystem: as JSON, the pid of its daemon, and then in columns for people.
-- $1 the device of its mount on this host, $2 the boot id of this host; both null: not mounted here.
-- $3 to $7 are what the journal's header says: last op acknowledged, last op on the server's disk, bytes used, its size, pid of
-- its daemon; null where it has no journal here.
with about as (
    select current_database() as database,
        current_setting('server_version') as server_version,
        pg_database_size(current_database()) as database_bytes,
        s.uuid,
        s.schema_version,
        (select json_object_agg(t.kind, t.bytes)
            from (select t.kind, sum(t.bytes)::bigint as bytes from thule_internal.table_size() t group by t.kind) t) as table_bytes,
        coalesce((select o.op - thule.op_at(clock_timestamp() - interval '1 minute') from thule.op o order by o.op desc limit 1), 0) as changes_last_minute,
        s.created,
        s.pruned_op,
        s.pruned_before,
        s.pruned_at,
        (select case when a.attcompression = 'l' then 'lz4' when a.attstorage = 'e' then 'none' else 'pglz' end
            from pg_attribute a where a.attrelid = 'thule.blob'::regclass and a.attname = 'data') as compression,
        (select json_build_object('op', o.op, 'at', o.at) from thule.op o order by o.op desc limit 1) as last_op,
        (select row_to_json(w) from thule.write_holder() w) as sql_writer,
        case when $3::bigint is not null then
            json_build_object('ops', greatest($3::bigint - $4::bigint, 0), 'bytes', $5::bigint,
                'bytes_size', $6::bigint, 'pid', $7::integer)
        end as journal,
        (select row_to_json(m) from thule.mount m
            where m.device = $1::bigint and m.boot_id = $2::text and m.ended_at is null
            order by m.id desc limit 1) as mount,
        (select row_to_json(l) from (select m.id, m.host, m.mountpoint, m.pid from thule.mount m
            where m.backend = thule.lease_holder() and m.ended_at is null and not m.read_only
            order by m.id desc limit 1) l) as lease
    from thule.superblock s
)
select row_to_json(a) as json,
    a.mount ->> 'pid' as pid,
    a.database,
    a.server_version || ', schema version ' || a.schema_version as server,
    pg_size_pretty(a.database_bytes) as size,
    concat_ws(', ', 'bytes of files ' || pg_size_pretty((a.table_bytes ->> 'blobs')::bigint), 'present ' || pg_size_pretty((a.table_bytes ->> 'present')::bigint),
        'history ' || pg_size_pretty((a.table_bytes ->> 'history')::bigint), 'log ' || pg_size_pretty((a.table_bytes ->> 'log')::bigint)) as tables,
    case when a.pruned_op > 0 then 'pruned to ' || a.pruned_before || ', op:' || a.pruned_op || coalesce(', last at ' || date_trunc('second', a.pruned_at), '') else 'all since ' || a.created end as past,
    a.changes_last_minute || ' changes in the last minute' as rate,
    a.compression || case when a.compression = 'none' then ': this server is built without lz4' else '' end as compression,
    coalesce((a.journal ->> 'ops') || ' ops and '
        || pg_size_pretty((a.journal ->> 'bytes')::bigint) || ' of '
        || pg_size_pretty((a.journal ->> 'bytes_size')::bigint) || ' not yet on disk', 'none') as journal,
    coalesce((a.last_op ->> 'op') || ' at ' || (a.last_op ->> 'at'), 'none') as "last op",
    coalesce(thule_internal.write_text()
        || case when not (a.sql_writer ->> 'has')::boolean then ', which waits for the right to write' else '' end
        || case when (a.sql_writer ->> 'waiting')::bigint > 0 then ', and ' || (a.sql_writer ->> 'waiting') || ' waiting behind it' else '' end,
        'none') as "sql writer",
    coalesce('pid ' || (a.mount ->> 'pid') || ', version ' || (a.mount ->> 'version') || ', since '
        || (a.mount ->> 'mounted_at')
        || case when (a.mount ->> 'read_only')::boolean then ', read-only' else '' end, 'none known') as daemon,
    case when a.lease is null then 'no mount has it now'
        when a.lease ->> 'id' = a.mount ->> 'id' then 'here'
        else (a.lease ->> 'mountpoint') || ' on host ' || (a.lease ->> 'host') || ', pid ' || (a.lease ->> 'pid')
            || case when a.mount ->> 'read_only' = 'false' then ': this mount follows it' else '' end
    end as lease,
    coalesce(nullif(a.mount ->> 'options', ''), 'none') as options
from about a;
