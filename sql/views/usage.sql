-- Who wrote how much in a span of time, and what is left of it: "what filled the disk at 02:00, and which program" is
--   select * from thule.usage('exe', '2024-05-01 02:00', '2024-05-01 03:00') limit 5;
-- Parameters: by, what to count by: user, exe, tag, or directory (the one that a file is in, or was in last); since,
--   until: times, or instants as people type them (thule.instant); null for the beginning and for now.
-- Returns: rows, those that wrote most first:
--     name            the user, program, tag or directory; null: ops without a tag, files that no longer tell
--     ops             changes in the span; all that follows is about them
--     bytes_written   by all writes, also those that were overwritten; values of extended attributes count, too
--     bytes_held      of these, what the present has
--     bytes_past      of these, what only the past has, until it is pruned
--     inodes_created  files, directories, links and devices that were made
--     inodes_removed  that lost their last name, no matter when they were made
--     inodes_held     of those created, how many are there now
--   Errors: by is none of these (invalid_parameter_value). A warning where ops of the span were pruned from the log.
-- Tables touched: op, op_kind, actor, extent, extent_history, xattr, xattr_history, inode, dirent, dirent_history,
--   superblock (read).
create function thule.usage(by text, since timestamptz default null, until timestamptz default null)
returns table (name text, ops bigint, bytes_written bigint, bytes_held bigint, bytes_past bigint, inodes_created bigint,
    inodes_removed bigint, inodes_held bigint)
language plpgsql stable rows 100
as $$
declare
    low  bigint := thule_internal.op_since(since);
    high bigint := thule.op_at(coalesce(until, 'infinity'));
begin
    if by is null or by not in ('user', 'exe', 'tag', 'directory') then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('usage by %s is not known', coalesce(quote_literal(left(by, 100)), 'null')),
            hint = 'Count by user, exe, tag or directory.';
    end if;
    if thule_internal.sees_tables() then
        perform thule_internal.usage_lacks(usage.since);
        return query select u.* from thule_internal.usage_rows(usage.by, low, high, null) u;
    else
        return query select s.* from thule_internal.usage_seen(usage.by, usage.since, low, high) s;
    end if;
end
$$;

-- Says where the log no longer has all of a span. Parameters: since. Returns: nothing; a warning. Tables touched: those of thule_internal.log_lacks (read).
create function thule_internal.usage_lacks(since timestamptz) returns void
language plpgsql stable
as $$
begin
    if thule_internal.log_lacks(since) is not null then
        raise warning 'the log was pruned: of changes before op %, only bytes that are still there are counted', thule_internal.log_lacks(since);
    end if;
end
$$;

-- For a granted role: what was done to the user's own files, in directories where the user may look.
create function thule_internal.usage_seen(by text, since timestamptz, low bigint, high bigint)
returns table (name text, ops bigint, bytes_written bigint, bytes_held bigint, bytes_past bigint, inodes_created bigint,
    inodes_removed bigint, inodes_held bigint)
language plpgsql stable security definer rows 100
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    perform thule_internal.usage_lacks(usage_seen.since);
    return query select u.* from thule_internal.usage_rows(usage_seen.by, low, high, viewer) u;
end
$$;

-- The rows of it. Parameters: by; low, high: ops, after the first and until the second; viewer, as of thule_internal.permits: then of his own files alone.
create function thule_internal.usage_rows(by text, low bigint, high bigint, viewer bigint[])
returns table (name text, ops bigint, bytes_written bigint, bytes_held bigint, bytes_past bigint, inodes_created bigint,
    inodes_removed bigint, inodes_held bigint)
language plpgsql stable rows 100
as $$
#variable_conflict use_column
begin
    return query
    with change as materialized (
        select o.op, o.kind, o.ino, o.new_parent, o.new_name, o.len,
            case by
                when 'user' then coalesce(a.username, a.uid::text)
                when 'exe' then coalesce(nullif(a.exe, ''), a.comm)
                when 'tag' then o.tag
            end as name
        from thule.op o
        left join thule.actor a on a.id = o.actor
        cross join lateral (select thule_internal.is_own(o.ino, viewer) as own offset 0) w
        where o.op > low and o.op <= high and (viewer is null or w.own)
    ), place as materialized (
        -- Of each file the last directory that it had by then; paths are worked out once for each directory.
        select i.ino, n.parent, n.op_to
        from (select distinct c.ino from change c where by = 'directory') i
        cross join lateral (
            select d.parent, d.op_from, d.op_to from thule.dirent d where d.ino = i.ino and d.op_from <= high
            union all
            select d.parent, d.op_from, d.op_to from thule.dirent_history d where d.ino = i.ino and d.op_from <= high
            order by op_to desc, op_from limit 1
        ) n
    ), shown as materialized (
        select p.parent from place p group by p.parent
        having viewer is null or thule_internal.may_reach(p.parent, least(max(p.op_to) - 1, high), 1, viewer)
    ), directory as materialized (
        select d.ino as parent, case d.path when '' then '/' else d.path end as path
        from thule_internal.directory_paths(array(select s.parent from shown s), high) d
    ), named as materialized (
        select c.op, c.kind, c.ino, c.new_parent, c.new_name, c.len,
            case when by <> 'directory' then c.name
                 when p.ino is null and c.ino = 1 then '/'
                 when p.parent in (select s.parent from shown s) then coalesce(d.path, thule.path_at_op(p.parent, p.op_to - 1)) end as name
        from change c
        left join place p on p.ino = c.ino
        left join directory d on d.parent = p.parent
    ), written as materialized (
        select distinct n.ino from named n where n.len is not null
    ), counted (name, ops, bytes_written, bytes_held, bytes_past, inodes_created, inodes_removed, inodes_held) as (
        select n.name, 1, case when k.stores_len then n.len end, 0, 0, k.makes_inode::integer, 0,
            (k.makes_inode and exists (select from thule.inode i where i.ino = n.ino and i.nlink > 0))::integer
        from named n
        join thule.op_kind k on k.id = n.kind
        union all
        select n.name, 0, 0, e.len, 0, 0, 0, 0
        from written w
        join thule.extent e on e.ino = w.ino and e.op_from > low and e.op_from <= high
        join named n on n.op = e.op_from
        union all
        select n.name, 0, 0, 0, e.len, 0, 0, 0
        from written w
        join thule.extent_history e on e.ino = w.ino and e.op_from > low and e.op_from <= high
        join named n on n.op = e.op_from
        union all
        select n.name, 0, 0, octet_length(x.value), 0, 0, 0, 0
        from named n
        join thule.op_kind k on k.id = n.kind and k.changes_xattr
        join thule.xattr x on x.ino = n.ino and x.op_from = n.op
        union all
        select n.name, 0, 0, 0, octet_length(x.value), 0, 0, 0
        from named n
        join thule.op_kind k on k.id = n.kind and k.changes_xattr
        join thule.xattr_history x on x.ino = n.ino and x.op_from = n.op
        union all
        -- Removed: by name, without another name left; or by a rename over it.
        select n.name, 0, 0, 0, 0, 0, 1, 0
        from named n
        join thule.op_kind k on k.id = n.kind and k.removes_name
        where not exists (select from thule.dirent d where d.ino = n.ino and d.op_from <= n.op)
            and not exists (select from thule.dirent_history d where d.ino = n.ino and d.op_from <= n.op and d.op_to > n.op)
        union all
        select n.name, 0, 0, 0, 0, 0, 1, 0
        from named n
        join thule.dirent_history v on v.parent = n.new_parent and v.name = n.new_name and v.op_to = n.op
        join thule.op_kind k on k.id = n.kind and k.replaces
        where (viewer is null or thule_internal.is_own(v.ino, viewer))
            and not exists (select from thule.dirent d where d.ino = v.ino and d.op_from <= n.op)
            and not exists (select from thule.dirent_history d where d.ino = v.ino and d.op_from <= n.op and d.op_to > n.op)
    )
    select c.name, sum(c.ops)::bigint, coalesce(sum(c.bytes_written), 0)::bigint, sum(c.bytes_held)::bigint,
        sum(c.bytes_past)::bigint, sum(c.inodes_created)::bigint, sum(c.inodes_removed)::bigint,
        sum(c.inodes_held)::bigint
    from counted c
    group by c.name
    order by 3 desc, 2 desc, 1;
end
$$;

-- For what is typed: usage('exe', '10min').
create function thule.usage(by text, since text, until text default null)
returns table (name text, ops bigint, bytes_written bigint, bytes_held bigint, bytes_past bigint, inodes_created bigint,
    inodes_removed bigint, inodes_held bigint)
language sql stable rows 100
begin atomic
    select u.name, u.ops, u.bytes_written, u.bytes_held, u.bytes_past, u.inodes_created, u.inodes_removed, u.inodes_held
    from thule.usage(usage.by, thule.instant(usage.since), thule.instant(usage.until)) u;
end;

comment on function thule.usage(text, timestamptz, timestamptz) is
    'Bytes and inodes written in a span of time, and what is left of them, by user, exe, tag or directory, those that wrote most first. NULL: from the beginning, until now. Example: select * from thule.usage(''exe'', now() - interval ''1 hour'') limit 5;';
comment on function thule.usage(text, text, text) is
    'The same between instants as people type them (thule.instant): an age, a snapshot, op:N or a time. Example: select * from thule.usage(''directory'', ''2h'', ''10min'') limit 5;';
