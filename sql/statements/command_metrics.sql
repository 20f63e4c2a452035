-- thule metrics --database: samples of what changes slowly, none of which looks at files: metric, value of its label, value.
-- Sizes are of tables with their indexes; of the oldest instant that is kept, and of retention where it is set, the seconds.
select 'thulefs_database_size_bytes' as metric, t.kind, sum(t.bytes)::text as value
from thule_internal.table_size() t
group by t.kind
union all
select 'thulefs_oldest_instant_timestamp_seconds', null, extract(epoch from coalesce(s.pruned_before, s.created))::text
from thule.superblock s
union all
select 'thulefs_retention_seconds', null, extract(epoch from now() - (now() - thule_internal.history_age(c.value)))::text
from thule.config c
where c.key = 'retention'
