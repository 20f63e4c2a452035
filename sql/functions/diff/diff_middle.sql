-- An inode below which are half of those that ops in between are of, as far as a hundred of these can say.
-- Parameters: from_op, to_op: ops. Returns: ino; 1 without ops. Tables touched: op (read).
create function thule_internal.diff_middle(from_op bigint, to_op bigint) returns bigint
language sql stable strict parallel safe cost 1000
begin atomic
    select coalesce(percentile_disc(0.5) within group (order by o.ino), 1)
    from generate_series(from_op + 1, to_op, greatest((to_op - from_op) / 100, 1)) s (op)
    cross join lateral (select o.ino from thule.op o where o.op = s.op offset 0) o;
end;
