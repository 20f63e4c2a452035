-- How long operations took since the mount, in all and in each phase of their life, as of now: see
-- functions/live/latency_fresh.sql. Empty where nothing is mounted for writing.
create view thule.latency as
select l.mount, l.operation, l.phase, l.part, l.count, l.total_ns / 1e6::float8 as total_ms, l.total_ns / 1e6::float8 / l.count as mean_ms,
    l.p50_ns / 1e6::float8 as p50_ms, l.p90_ns / 1e6::float8 as p90_ms, l.p99_ns / 1e6::float8 as p99_ms, l.max_ns / 1e6::float8 as max_ms, l.at
from thule_internal.latency_fresh() l;

comment on view thule.latency is
    'How long operations took in the mount that writes, since it was mounted: in all, and in each phase of their life. Its daemon is asked, which takes up to a second; the shares of phases add up to the total. `thule top` shows the same live. Example: select operation, phase, count, total_ms from thule.latency order by total_ms desc limit 10;';
comment on column thule.latency.mount is 'Daemon that counts: thule.mount.id.';
comment on column thule.latency.operation is 'Operation as FUSE names it (create, read, fsync, ...); drain batch and drain flush are transactions of the drain, without and with a flush of the log; others are statements of the reader.';
comment on column thule.latency.phase is 'total; queue: ready, and no thread had it; lock, state: the daemon worked on it, or waited for its lock; room, commit, flush, performed: it waited for the journal; inode, name, directory, xattrs, layout, data, disk, past: for the database; reply: its answer was written. Of the daemon itself: gather, encode, server (it executes and commits), end (the last answer), settle.';
comment on column thule.latency.part is 'What the phase is a part of: queue, state, journal, database or reply; total of the total.';
comment on column thule.latency.count is 'How many operations had that phase.';
comment on column thule.latency.total_ms is 'Milliseconds that all of them were in it.';
comment on column thule.latency.mean_ms is 'Mean of those that had that phase, milliseconds.';
comment on column thule.latency.p50_ms is 'Median, milliseconds; quantiles are at most a quarter off.';
comment on column thule.latency.p90_ms is 'What nine of ten do not exceed, milliseconds.';
comment on column thule.latency.p99_ms is 'What 99 of 100 do not exceed, milliseconds.';
comment on column thule.latency.max_ms is 'Longest, milliseconds.';
comment on column thule.latency.at is 'As of when. It is before the question where the daemon does not answer within three seconds, or the transaction has an isolation above read committed.';
