-- For a transaction of one snapshot (repeatable read, serializable) that has the right to write: whether the snapshot has all that was
-- committed before.
-- Parameters: has, the transaction has the right already; before, only who has the lease is looked at, since the mount has to commit.
-- Returns: nothing. Errors: it has not (serialization_failure), which another try may not meet.
-- Tables touched: lease, superblock (the row of one is locked).
create function thule_internal.write_snapshot(has boolean) returns void
language plpgsql
as $$
begin
    if current_setting('transaction_isolation') = 'read committed' then
        return;
    elsif has then
        perform from thule.superblock s order by s.next_op desc limit 1 for update;
    else
        perform from thule.lease e for update;
    end if;
exception when serialization_failure then
    raise exception using errcode = 'serialization_failure',
        message = format('files were changed after this %s transaction began, which would not see it', current_setting('transaction_isolation')),
        hint = 'Try the transaction again, with the change of files first, or use read committed.';
end
$$;
