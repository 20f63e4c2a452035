-- What a transaction of SQL that changed files does before it commits, once: limits, how far ids were given, and waking who follows the log.
-- A deferred trigger of thule.sql_write, whose row it deletes; so a function after `set constraints all immediate` makes another, which ends anew.
-- Returns: null. Errors: EDQUOT. Tables touched: sql_write, superblock, mount (written), op, blob, quota (read).
create function thule_internal.write_end() returns trigger
language plpgsql
set enable_seqscan = off            -- as install/seal.sql has it; this runs when the function that changes files has ended
set enable_sort = off
as $$
declare
    w thule.sql_write;          -- new is the row as it was put in
    l record;
begin
    delete from thule.sql_write s where s.xact = new.xact returning s.* into w;
    select s.ctid as place, s.next_blob, s.mount, s.mount_op, (select o.op from thule.op o order by o.op desc limit 1) as op,
            (select b.id from thule.blob b order by b.id desc limit 1) as blob
        into l
        from thule.superblock s order by s.next_op desc limit 1;
    -- Rows that are written by hand have no mount of ours, and marks of their own.
    if w.mount is null or (l.op >= w.first_op) is not true then
        return null;
    end if;
    if exists (select from thule.quota) then
        perform thule_internal.write_quota(w.first_op, w.viewer);
    end if;
    -- As sql/statements/apply_mark_left.sql and apply_mark.sql do.
    if l.mount <> w.mount then
        update thule.mount m set last_op = l.mount_op where m.id = l.mount and m.last_op < l.mount_op;
    end if;
    update thule.superblock s
        set next_op = l.op + 1, next_ino = w.next_ino + l.op + 1 - w.first_op, next_blob = greatest(l.next_blob, l.blob + 1),
            mount = w.mount, mount_op = l.op
        where s.ctid = l.place;
    if pg_notification_queue_usage() < 0.5 then
        perform pg_notify('thule_change', l.op::text);
    end if;
    return null;
end
$$;

create constraint trigger write_end after insert on thule.sql_write deferrable initially deferred
    for each row execute function thule_internal.write_end();

-- Also where triggers are off (session_replication_role): ids that the superblock does not know of would be given again.
alter table thule.sql_write enable always trigger write_end;
