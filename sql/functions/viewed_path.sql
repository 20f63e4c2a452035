-- A path as a user may see it: null where it leads through a directory that he may not search.
-- Parameters: path, escaped; at_op, the op as of which it is one; viewer, as of thule.permits.
-- Returns: the path, or null. Tables touched: those of thule.may_reach (read).
create function thule.viewed_path(path text, at_op bigint, viewer bigint[]) returns text
language sql stable parallel safe cost 6000
begin atomic
    select case when viewer is null or path is null or path = '/'
        or thule.may_reach(thule.resolve_at_op(coalesce(nullif(regexp_replace(path, '/[^/]*$', ''), ''), '/'), at_op), at_op, 1, viewer)
        then path end;
end;
