-- Repairs what thule.fsck finds, as ops of the given process, in rounds: what one brings to light, the next one mends.
-- Parameters: actor, tag, mount, opened, now: see thule_internal.change_apply.
-- Returns: how many ops. Leaves in pg_temp.repair_found what is left, and in repair_done what was found before; fills pg_temp.touched.
--   Errors: what a repair makes anew again and again (internal_error), those of thule_internal.history_alone.
-- Tables touched: all of the filesystem's.
-- Each check that can be repaired has a repair_NAME beside it. It plans in the tables of thule_internal.change_begin what can be an op. What cannot,
-- because the row that is wrong must not become a version of the past, it mends in place, and names the inode in pg_temp.repair_inode.
create function thule_internal.repair(actor jsonb, tag text, mount bigint, opened bigint[], now timestamptz) returns bigint
language plpgsql
as $$
declare
    -- Rows that no plan can be made of come first, what is counted last.
    checks constant text[] := array['superblock', 'op_reference', 'op_order', 'version_interval', 'version_overlap', 'version_gap', 'root',
        'inode_attribute', 'extent_range', 'extent_overlap', 'extent_inode', 'xattr_text', 'xattr_inode', 'dirent_name', 'dirent_dangling', 'dirent_cookie',
        'blob_unused', 'directory_names', 'directory_unreachable', 'inode_orphan', 'nlink', 'xattr_count', 'quota_tree'];
    rounds constant integer := 6;
    ops    bigint := 0;
    one    text;
begin
    perform thule_internal.history_alone();
    perform thule_internal.repair_begin();
    for round in 1 .. rounds loop
        perform thule_internal.change_begin();
        delete from pg_temp.repair_found;
        delete from pg_temp.repair_inode;
        insert into pg_temp.repair_found (check_id, severity, ino, detail, op, repair)
            select f.check_id, f.severity, f.ino, f.detail, f.op, f.repair from thule_internal.check_all() f;
        exit when not exists (select from pg_temp.repair_found f where f.repair not like 'none:%');
        if round = rounds then
            select f.check_id || coalesce(' of inode ' || f.ino, '') into one
                from pg_temp.repair_found f where f.repair not like 'none:%' limit 1;
            raise exception using errcode = 'internal_error', message = format('the repair finds no end: %s comes again. Nothing was changed', one),
                hint = 'This is a fault of ThuleFS. `thule fsck --json` is what a report of it needs.';
        end if;
        foreach one in array checks loop
            if exists (select from pg_temp.repair_found f where f.check_id = one and f.repair not like 'none:%') then
                execute format('select thule_internal.%I()', 'repair_' || one);
            end if;
        end loop;
        insert into pg_temp.repair_done (check_id, severity, ino, detail, op, repair)
            select f.check_id, f.severity, f.ino, f.detail, f.op, f.repair from pg_temp.repair_found f where f.repair not like 'none:%';
        insert into pg_temp.change_inode (ino, atime_ns)
            select i.ino, i.atime_ns from pg_temp.repair_inode r join thule.inode i on i.ino = r.ino
            on conflict (ino) do nothing;
        -- What has no name would go with its first op: the next round gives it one.
        delete from pg_temp.change_inode c
            where c.ino <> 1 and not exists (select from thule.dirent d where d.ino = c.ino)
                and not exists (select from pg_temp.change_name n where n.ino = c.ino and n.to_parent is not null)
                and not exists (select from pg_temp.repair_found f where f.ino = c.ino and f.check_id = 'inode_orphan' and f.severity = 'warning');
        ops := ops + thule_internal.change_apply(actor, tag, mount, opened, now);
        insert into pg_temp.repair_touched (ino, parent, name, revived, stays)
            select t.ino, t.parent, t.name, t.revived, t.stays from pg_temp.touched t
            union all
            select r.ino, null, null, false, false from pg_temp.repair_inode r;
    end loop;
    insert into pg_temp.touched (ino, parent, name, revived, stays)
        select distinct t.ino, t.parent, t.name, t.revived, t.stays from pg_temp.repair_touched t;
    return ops;
end
$$;
