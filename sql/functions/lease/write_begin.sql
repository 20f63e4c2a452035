-- Gives the caller's transaction the right to change files until it ends: waits for others who write by SQL, and has the session with the
-- lease, a mount's, commit what it acknowledged and wait. Each function that changes files calls it first, before anything is read that the change
-- depends on; it costs next to nothing when the transaction has the right already.
-- Parameters: none. Returns: as whom the session changes them (thule_internal.session_writer), which is asked once for each role.
--   Errors: EBUSY (fail), when a mount has no connection, or does not let go within a minute, or lock_timeout; EDEADLK; ETIMEDOUT, when the transaction has had the right for too long (write_limit); a transaction of repeatable read or serializable
--   that began before the last change of a file (serialization_failure). A role that may not change files (thule_internal.session_writer;
--   insufficient_privilege): a granted role may call what runs as the owner, and nothing else.
-- Tables touched: those of write_free and write_claim, sql_write (written), superblock, actor, op (read).
-- How the right changes hands, and why two tables are locked: sql/README.md, Locks. What was locked after a savepoint goes with it, as does the row
-- of thule.sql_write, which says that the transaction has the right.
-- A transaction of one op pays for each expression and each statement here: their state is made anew in each transaction.
create function thule_internal.write_begin() returns bigint[]
language plpgsql
as $$
declare
    w thule.sql_write;
begin
    if pg_current_xact_id_if_assigned() is not null and has_table_privilege('thule.sql_write'::regclass, 'select') then
        select s.* into w from thule.sql_write s where s.xact = pg_current_xact_id();
        if w.xact is not null and clock_timestamp() > now() + interval '1 s' and thule_internal.write_hurried() then
            perform thule_internal.fail('ETIMEDOUT',
                format('this transaction has had the right to write for longer than thule.write_limit (%s), while changes on the mount wait for it',
                    thule_internal.write_limit()),
                'Change files in shorter transactions, or raise the limit: alter database ... set thule.write_limit = ''1min''.');
        end if;
        if w.role = thule_internal.session_role() then
            return w.viewer;
        end if;
    end if;
    w.viewer := thule_internal.session_writer();
    if w.viewer is not null and not has_table_privilege('thule.sql_write'::regclass, 'insert') then
        raise exception using errcode = 'insufficient_privilege', message = 'a granted writer may not change files by their inode',
            hint = 'Give the path, which leads through the directories that its user may look into.';
    end if;
    if w.xact is not null then
        update thule.sql_write s
            set role = thule_internal.session_role(), viewer = w.viewer, actor = (select k.actor from thule_internal.session_known(w.viewer) k)
            where s.xact = w.xact;
        return w.viewer;
    end if;
    if not thule_internal.write_free() then
        perform thule_internal.write_claim();
    end if;
    insert into thule.sql_write (xact, role, viewer, actor, mount, first_op, next_ino)
        select pg_current_xact_id(), thule_internal.session_role(), w.viewer, k.actor, k.mount, s.next_op, s.next_ino
        from (select b.next_op, b.next_ino from thule.superblock b order by b.next_op desc limit 1) s
        left join thule_internal.session_known(w.viewer) k on true;
    return w.viewer;
end
$$;
