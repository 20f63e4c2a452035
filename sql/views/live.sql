-- What the daemon of the mount that writes knows of itself, as `thule status` and `thule top` show it. It is asked each time, and tells nothing that nobody asks for.

-- Caches and other memory that has a bound.
create view thule.live_budget as
select l.mount, l.field[1] as name, l.field[2]::bigint as used, l.field[3]::bigint as limit, l.at
from thule_internal.live_lines('report', 'budget') l;

comment on view thule.live_budget is
    'Caches of the mount that writes, and whatever else of its memory has a bound. As of the question: the daemon is asked, which takes up to a second; older where it does not answer within three, or the transaction has an isolation above read committed. Example: select name, used, "limit" from thule.live_budget;';
comment on column thule.live_budget.mount is 'Daemon that tells it: thule.mount.id.';
comment on column thule.live_budget.name is 'What it is for, as thule status calls it.';
comment on column thule.live_budget.used is 'Bytes that it has.';
comment on column thule.live_budget.limit is 'Bytes that it may have: what is used least is dropped beyond.';
comment on column thule.live_budget.at is 'As of when.';

-- The journal, and the drain that commits it.
create view thule.live_journal as
select f.mount, (f.fact ->> 'acknowledged')::bigint as acknowledged, (f.fact ->> 'committed')::bigint as committed, (f.fact ->> 'on_disk')::bigint as on_disk,
    (f.fact ->> 'acknowledged')::bigint - (f.fact ->> 'committed')::bigint as waiting,
    (f.fact ->> 'lag_ms')::bigint as lag_ms, to_timestamp((f.fact ->> 'flushed_at')::bigint) as flushed_at,
    f.fact ->> 'drain' as drain, f.fact ->> 'target' as target, f.fact ->> 'lease' as lease, f.fact ->> 'transport' as transport,
    (f.fact ->> 'pid')::integer as pid, (f.fact ->> 'warnings')::bigint as warnings, (f.fact ->> 'errors')::bigint as errors, f.fact ->> 'last_error' as last_error,
    to_timestamp((f.fact ->> 'last_error_at')::bigint) as last_error_at, f.at
from (
    select l.mount, l.at, jsonb_object_agg(l.field[1], l.field[2]) as fact
    from thule_internal.live_lines('report', 'fact') l
    group by l.mount, l.at
) f;

comment on view thule.live_journal is
    'The journal of the mount that writes, and the drain that commits it: one row. As of the question, as thule.live_budget. Example: select waiting, lag_ms, drain from thule.live_journal;';
comment on column thule.live_journal.mount is 'Daemon that tells it: thule.mount.id.';
comment on column thule.live_journal.acknowledged is 'Last op that the kernel was told is done.';
comment on column thule.live_journal.committed is 'Last op that is committed.';
comment on column thule.live_journal.on_disk is 'Last op that is on the disk of the server.';
comment on column thule.live_journal.waiting is 'How many ops are to be committed.';
comment on column thule.live_journal.lag_ms is 'For how long what is to be committed next has waited, milliseconds.';
comment on column thule.live_journal.flushed_at is 'When the drain flushed last, or began.';
comment on column thule.live_journal.drain is 'What the drain is at, in words: docs/debugging.md explains each.';
comment on column thule.live_journal.target is 'Host that it writes to.';
comment on column thule.live_journal.lease is 'Whether it has the lease, in words.';
comment on column thule.live_journal.transport is 'How requests come: uring or dev.';
comment on column thule.live_journal.pid is 'Process id of the daemon.';
comment on column thule.live_journal.warnings is 'Warnings in its log since the mount.';
comment on column thule.live_journal.errors is 'Errors in its log since the mount.';
comment on column thule.live_journal.last_error is 'Last of them; NULL: there was none.';
comment on column thule.live_journal.last_error_at is 'When that was.';
comment on column thule.live_journal.at is 'As of when.';

-- Batches by their size.
create view thule.live_batch as
select l.mount, case when n.n = 1 then 1 else (1 << n.n - 2) + 1 end as ops_from, case when n.n < s.sizes then 1 << n.n - 1 end as ops_to, n.batches::bigint as batches, l.at
from thule_internal.live_lines('report', 'batches') l
cross join lateral (select cardinality(string_to_array(l.field[2], ',')) as sizes) s
cross join lateral (select b.batches, b.n::integer as n from string_to_table(l.field[2], ',') with ordinality b (batches, n)) n;

comment on view thule.live_batch is
    'How many batches the drain of the mount that writes has committed, by how many ops they had. As of the question, as thule.live_budget. Example: select ops_from, ops_to, batches from thule.live_batch where batches > 0;';
comment on column thule.live_batch.mount is 'Daemon that tells it: thule.mount.id.';
comment on column thule.live_batch.ops_from is 'From so many ops on.';
comment on column thule.live_batch.ops_to is 'Up to so many ops; NULL: any number.';
comment on column thule.live_batch.batches is 'Batches of that size since the mount.';
comment on column thule.live_batch.at is 'As of when.';

-- Replies that were errors.
create view thule.live_error as
select l.mount, l.field[1] as errno, l.field[2]::bigint as replies, l.at
from thule_internal.live_lines('report', 'error') l;

comment on view thule.live_error is
    'Errors that the mount that writes has replied to processes. EIO, ENOSPC, ESTALE and ETIMEDOUT are here also when there was none. As of the question, as thule.live_budget. Example: select errno, replies from thule.live_error order by replies desc;';
comment on column thule.live_error.mount is 'Daemon that tells it: thule.mount.id.';
comment on column thule.live_error.errno is 'Name of the error: see errno(3).';
comment on column thule.live_error.replies is 'How often since the mount.';
comment on column thule.live_error.at is 'As of when.';

-- Who asked, and what that took.
create view thule.live_process as
select l.mount, l.field[2]::integer as pid, l.field[1]::integer as thread, l.field[3] as comm, l.field[4]::bigint as uid,
    (select sum(split_part(b.bucket, ':', 2)::bigint) from string_to_table(l.field[10], ',') b (bucket))::bigint as requests,
    l.field[5]::bigint / 1e6::float8 as total_ms, l.field[6]::bigint / 1e6::float8 as database_ms, l.field[7]::bigint / 1e6::float8 as journal_ms,
    l.field[8]::bigint / 1e6::float8 as reply_ms, l.field[9]::bigint / 1e6::float8 as max_ms, l.at
from thule_internal.live_lines('report', 'process') l;

comment on view thule.live_process is
    'Threads that asked the mount that writes for something lately, and how long they waited for what; as thule top shows them. As of the question, as thule.live_budget. Example: select comm, requests, total_ms from thule.live_process order by total_ms desc limit 5;';
comment on column thule.live_process.mount is 'Daemon that tells it: thule.mount.id.';
comment on column thule.live_process.pid is 'Process that the thread is of; 0: not known.';
comment on column thule.live_process.thread is 'Thread id, that of the process for its first.';
comment on column thule.live_process.comm is 'Short name.';
comment on column thule.live_process.uid is 'User that asked.';
comment on column thule.live_process.requests is 'Requests since it was seen first.';
comment on column thule.live_process.total_ms is 'Milliseconds that they took.';
comment on column thule.live_process.database_ms is 'Of these, waiting for the database.';
comment on column thule.live_process.journal_ms is 'Of these, waiting for the journal.';
comment on column thule.live_process.reply_ms is 'Of these, writing replies.';
comment on column thule.live_process.max_ms is 'Longest, milliseconds.';
comment on column thule.live_process.at is 'As of when.';

-- Descriptors of processes.
create view thule.live_descriptor as
select l.mount, l.field[1]::integer as pid, l.field[2]::integer as fd, l.field[3]::bigint as ino, l.field[4] as path, l.at
from thule_internal.live_lines('descriptors', 'descriptor') l;

comment on view thule.live_descriptor is
    'Descriptors of processes that are of files in the mount that writes, as /proc has them. The daemon looks when it is asked, as far as it may: that of root at all processes, that of a user at the user''s. As of the question, as thule.live_budget. Example: select pid, fd, path from thule.live_descriptor;';
comment on column thule.live_descriptor.mount is 'Daemon that tells it: thule.mount.id.';
comment on column thule.live_descriptor.pid is 'Process id.';
comment on column thule.live_descriptor.fd is 'Number of the descriptor in that process.';
comment on column thule.live_descriptor.ino is 'Inode of the file; numbers from 2^62 on are of the past.';
comment on column thule.live_descriptor.path is 'Path on the host, as /proc says it: "(deleted)" follows where the name is gone.';
comment on column thule.live_descriptor.at is 'As of when.';
