-- Which of many ops the log shows a user: those of which thule_internal.sees_op says so, with each inode looked at once.
-- Parameters: ops; viewer, as of thule_internal.permits, not null. Returns: ops. Tables touched: op, inode, inode_history, and those of sees_op (read).
create function thule_internal.ops_seen(ops bigint[], viewer bigint[]) returns setof bigint
language sql stable strict parallel safe rows 100
begin atomic
    with asked as materialized (
        select o.op, o.ino, o.new_name is not null as may_replace
        from unnest(ops) a (op)
        cross join lateral (select o.op, o.ino, o.new_name from thule.op o where o.op = a.op offset 0) o
    ), own as materialized (
        select i.ino
        from (select distinct a.ino from asked a) i
        cross join lateral (select thule_internal.is_own(i.ino, viewer) as own offset 0) w
        where w.own
    )
    select a.op from asked a where a.ino in (select w.ino from own w) or a.may_replace and thule_internal.sees_op(a.op, viewer);
end;
