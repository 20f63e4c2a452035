-- Does what a row of thule.request asks for, in the caller's transaction, whose session must hold the lease.
-- Parameters: request, its id; opened, inodes that processes have open, or null, see thule_internal.change_apply. Erasing does not wait for their close;
--   now, the time by the clock of whoever makes ops.
-- Returns: nothing; writes result and done_at into the row, and leaves in pg_temp.touched (ino, parent, name, revived, stays), which
--   goes with the transaction, what caches have to drop: an inode, or a name in a directory.
--   Errors: not the holder of the lease (object_not_in_prerequisite_state), no such request (no_data_found), those of
--   what is asked for and, without force, of thule_internal.quota_check. Then nothing has changed, and it is the caller's to store the error.
-- Tables touched: all of the filesystem's.
-- The session of a daemon plans for single rows (fs/journal/lease.c); this is made of large joins.
create function thule_internal.perform(request bigint, opened bigint[] default '{}', now timestamptz default clock_timestamp())
returns void
language plpgsql
set enable_seqscan = on
set enable_hashjoin = on
set enable_mergejoin = on
set enable_bitmapscan = on
set enable_sort = on
set plan_cache_mode = auto
set jit = off
as $$
declare
    r        thule.request;
    selected bigint;
    ops      bigint;
    tag      text;
    first    bigint;
    gone     int8multirange;
    live     bigint;
    erased   jsonb;
    quota    jsonb;
    limited  boolean;
    answer   jsonb;
    viewer   bigint[];
begin
    if thule.lease_holder() is distinct from pg_backend_pid() then
        raise exception using errcode = 'object_not_in_prerequisite_state',
            message = 'this session does not hold the lease of the filesystem',
            hint = 'Use the command thule, which asks whoever holds it.';
    end if;
    select q.* into r from thule.request q where q.id = request and q.done_at is null for update;
    if not found then
        raise exception using errcode = 'no_data_found', message = format('there is no request %s to perform', request),
            hint = 'It was taken back, or is done: thule.request has its answer.';
    end if;
    select m.id into live
    from thule.mount m
    where m.ended_at is null and not m.read_only
    order by m.backend = pg_backend_pid() desc, m.id desc limit 1;
    if live is null then
        insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend, ended_at)
            select coalesce(r.args -> 'actor' ->> 'host', ''), coalesce(r.args -> 'actor' ->> 'boot_id', ''),
                coalesce((r.args -> 'actor' ->> 'pid')::integer, 0), '', 'thule ' || r.kind, '', '', false,
                pg_backend_pid(), now()
            returning id into live;
    end if;
    tag := r.kind || ':' || r.id;
    viewer := thule_internal.viewer_of(r.args);
    -- What is brought back refers to blobs of the past, which prune must not free meanwhile.
    if r.kind not in ('erase', 'fsck') then
        perform thule_internal.history_shared();
    end if;
    -- An atomic run that failed is undone whatever is above a quota meanwhile.
    limited := r.kind in ('undo', 'restore') and exists (select from thule.quota)
        and (viewer is not null or not coalesce((r.args ->> 'force')::boolean, false) and r.args ->> 'run' is null);
    if limited then
        perform thule_internal.quota_begin();
    end if;
    case r.kind
        when 'undo' then
            selected := thule_internal.undo_prepare(r.args);
            select range_agg(int8range(u.op, u.op + 1)) into gone from pg_temp.undo_op u;
        when 'restore' then
            perform thule_internal.restore_prepare(r.args);
        when 'erase' then
            perform thule_internal.erase_prepare(r.args);
        when 'quota' then
            perform thule_internal.change_begin();
            quota := thule_internal.quota_set(r.args);
        when 'fsck' then
            null;                               -- it plans in rounds, each with an end of its own
        else
            raise exception using errcode = 'feature_not_supported',
                message = format('there is no request of kind %s', quote_literal(r.kind)),
                hint = 'The program that asked is newer than the functions of this database: run its `thule upgrade`.';
    end case;
    select s.next_op into first from thule.superblock s;
    if r.kind = 'fsck' then
        ops := thule_internal.repair(r.args -> 'actor', tag, live, opened, perform.now);
        answer := thule_internal.repair_result();
    else
        answer := thule_internal.change_result(viewer);    -- with the paths of before, as the plan has them
        ops := thule_internal.change_apply(r.args -> 'actor', tag, live, case when r.kind <> 'erase' then opened else '{}' end, perform.now);
    end if;
    if r.kind = 'erase' then
        erased := thule_internal.erase_finish(r.args);
    end if;
    if exists (select from thule.quota q where q.kind = 2) or quota @> '{"kind": 2}' then
        perform thule_internal.quota_mark();
    end if;
    if limited then
        insert into pg_temp.quota_then (kind, id, bytes, inodes)
            select u.kind, u.id, u.bytes, u.inodes from thule.quota_usage u;
        perform thule_internal.quota_check();
    end if;
    -- Who performs it may be no daemon, which tells of what it commits by sql/statements/committed_tell.sql.
    if ops > 0 and pg_notification_queue_usage() < 0.5 then
        perform pg_notify('thule_change', (s.next_op - 1)::text) from thule.superblock s;
    end if;
    update thule.request q
        set done_at = clock_timestamp(), result = answer || jsonb_build_object('tag', case when ops > 0 then tag end, 'ops', ops,
            'selected', selected) || coalesce(erased, quota, '{}'),
            made = case when gone is not null then int8range(first, first + ops) end, undone = gone
        where q.id = r.id;
end
$$;
