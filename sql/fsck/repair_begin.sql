-- Makes the temporary tables of thule_internal.repair, empty: see thule_internal.change_begin.
-- Parameters: none. Returns: nothing.
-- Tables touched: those of pg_temp, which go with the transaction.
create function thule_internal.repair_begin() returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.repair_found, pg_temp.repair_done, pg_temp.repair_inode, pg_temp.repair_touched;
    -- What is wrong, as thule.fsck has it: now, and what was to be mended in the rounds before.
    create temp table repair_found (check_id text, severity text, ino bigint, detail text, op bigint, repair text) on commit drop;
    create temp table repair_done (check_id text, severity text, ino bigint, detail text, op bigint, repair text) on commit drop;
    -- Inodes of which something was mended in place, or is to be counted: each gets a version, by an op.
    create temp table repair_inode (ino bigint primary key) on commit drop;
    -- What the rounds before have put into pg_temp.touched.
    create temp table repair_touched (ino bigint, parent bigint, name bytea, revived boolean not null, stays boolean not null) on commit drop;
end
$$;
