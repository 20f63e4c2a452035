-- Declares the past before an op gone; thule_internal.prune_step then deletes it, bit by bit. From the commit on, asking for an
-- earlier instant is an error instead of an answer that is not whole.
-- Parameters: horizon, the op whose state is the oldest that is kept, snapshots excepted. An earlier one than
--   before keeps what is declared.
-- Returns: nothing. Errors: an op that has not happened (invalid_parameter_value), those of thule_internal.history_alone,
--   and whatever the server says against deleting.
-- Tables touched: superblock (written), op, and those of thule_internal.prune_step (read); those of thule_internal.audit_gone.
create function thule_internal.prune_begin(horizon bigint) returns void
language plpgsql strict
as $$
begin
    perform thule_internal.history_alone();
    if horizon > (select o.op from thule.op o order by o.op desc limit 1) then
        raise exception using errcode = 'invalid_parameter_value', message = format('op %s has not happened', horizon),
            hint = format('The last one is op:%s.', thule.op_at('infinity'));
    end if;
    -- What the server refuses to delete (a trigger of somebody's, a publication without replica identity, a lack of rights
    -- or of space) it refuses now: a version of each kind is deleted for a try, and taken back.
    begin
        delete from thule.inode_history where ctid = any (array(
            select h.ctid from thule.inode_history h where h.op_to <= horizon limit 1));
        delete from thule.dirent_history where ctid = any (array(
            select h.ctid from thule.dirent_history h where h.op_to <= horizon limit 1));
        delete from thule.xattr_history where ctid = any (array(
            select h.ctid from thule.xattr_history h where h.op_to <= horizon limit 1));
        delete from thule.extent_history where ctid = any (array(
            select h.ctid from thule.extent_history h where h.op_to <= horizon limit 1));
        delete from thule.blob b where b.id = (select h.blob from thule.extent_history h where h.op_to <= horizon limit 1);
        delete from thule.pruned_inode where false;
        raise exception using errcode = 'TH001', message = 'it can be deleted';
    exception when sqlstate 'TH001' then
        null;
    end;
    perform thule_internal.audit_gone('prune', session_user, horizon);
    update thule.superblock s
    set pruned_at = clock_timestamp(),
        pruned_op = greatest(s.pruned_op, horizon),
        pruned_before = case when s.pruned_op < horizon then (select o.at from thule.op o where o.op <= horizon order by o.op desc limit 1)
            else s.pruned_before end;
end
$$;
