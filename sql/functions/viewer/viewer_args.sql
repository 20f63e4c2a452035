-- What a user of root's mount asks for with an undo, as thule_internal.undo_plan and thule_internal.perform take it.
-- Parameters: args, as they came; viewer, as of thule_internal.permits, or null: somebody to whom no rules apply.
-- Returns: for a viewer the selectors that people type, and no others, and who he is. Tables touched: none.
create function thule_internal.viewer_args(args jsonb, viewer bigint[]) returns jsonb
language sql immutable parallel safe
begin atomic
    select case when viewer is null then args else (
            select coalesce(jsonb_object_agg(a.key, a.value), '{}')
            from jsonb_each(args) a
            where a.key in ('tag', 'pid', 'exe', 'user', 'since', 'until', 'path', 'force')
        ) || jsonb_build_object('viewer', viewer) end;
end;
