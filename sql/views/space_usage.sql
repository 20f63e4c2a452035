-- What takes the room of the database: a row each for the present, the history, snapshots, the log and the rest, of which the sum is all.
-- Looks at each blob and extent, present and past: about a second for a million.
create view thule.space_usage as
with content as materialized (
    select c.needed_by, sum(c.bytes)::bigint as bytes, sum(c.stored)::bigint as stored
    from thule_internal.content_size() c
    group by c.needed_by
), size as materialized (
    select t.kind, sum(t.bytes)::bigint as bytes from thule_internal.table_size() t group by t.kind
)
select w.what, coalesce(c.bytes, 0) as bytes, coalesce(c.stored, 0) as stored_bytes, coalesce(s.bytes, 0)
        + case when w.what = 'other' then (select b.bytes from size b where b.kind = 'blobs') - coalesce((select sum(o.stored) from content o), 0)::bigint
            else 0 end as table_bytes
from (values ('present', 1), ('snapshots', 2), ('history', 3), ('log', 4), ('other', 5)) w (what, place)
left join content c on coalesce(c.needed_by, 'other') = w.what
left join size s on s.kind = w.what
order by w.place;

comment on view thule.space_usage is
    'What takes the room of the database, in five rows whose sum is all; thule df shows it. Looks at every version of every byte range. Example: select what, pg_size_pretty(stored_bytes + table_bytes) from thule.space_usage;';
comment on column thule.space_usage.what is 'present: files as they are now; snapshots: bytes of the past that a snapshot keeps from prune; history: the rest of the past; log: ops and processes; other: tables beside these, indexes of bytes, and room of pruned bytes that will be used again.';
comment on column thule.space_usage.bytes is 'Bytes of files, as many as were written. What the present shares with the past counts for the present.';
comment on column thule.space_usage.stored_bytes is 'The same bytes as the server keeps them, compressed.';
comment on column thule.space_usage.table_bytes is 'Bytes of tables with their indexes beside those. Rows of versions that snapshots keep count for history.';
