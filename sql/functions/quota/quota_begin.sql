-- Makes the temporary tables in which the use of quotas is compared, and fills quota_before with what
-- is used now: see thule_internal.change_begin.
-- Parameters: none. Returns: nothing.
-- Tables touched: those of pg_temp, which go with the transaction; quota_usage (read).
create function thule_internal.quota_begin() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.quota_before, pg_temp.quota_then;
    -- Columns as those of thule.quota_usage: before a change, and after it.
    create temp table quota_before (
        kind text not null, id bigint not null, name text, bytes bigint, bytes_limit bigint, inodes bigint, inodes_limit bigint
    ) on commit drop;
    create temp table quota_then (kind text not null, id bigint not null, bytes bigint, inodes bigint) on commit drop;
    insert into pg_temp.quota_before (kind, id, name, bytes, bytes_limit, inodes, inodes_limit)
        select u.kind, u.id, u.name, u.bytes, u.bytes_limit, u.inodes, u.inodes_limit from thule.quota_usage u;
end
$$;
