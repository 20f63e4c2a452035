-- A path as a user may see it: null where it leads through a directory that he may not search.
-- Parameters: path, escaped; at_op, the op as of which it is one; viewer, as of thule_internal.permits; want, what he must be
--   able to do with the last directory: 1 search it, 5 list it as well.
-- Returns: the path, or null. Tables touched: those of thule_internal.may_reach (read).
create function thule_internal.viewed_path(path text, at_op bigint, viewer bigint[], want integer default 1) returns text
language sql stable parallel safe cost 6000
begin atomic
    select case when viewer is null or path is null or path = '/'
        or thule_internal.may_reach(thule.resolve_at_op(coalesce(nullif(regexp_replace(path, '/[^/]*$', ''), ''), '/'), at_op), at_op, want, viewer)
        then path end;
end;
