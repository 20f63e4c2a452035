-- For whom an undo is planned: what thule_internal.viewer_args noted.
-- Parameters: args. Returns: an array as of thule_internal.permits; null: somebody to whom no rules apply. Tables touched: none.
create function thule_internal.viewer_of(args jsonb) returns bigint[]
language sql immutable parallel safe
begin atomic
    select case when args ? 'viewer' then array(
        select v.id::bigint from jsonb_array_elements_text(args -> 'viewer') with ordinality v (id, n) order by v.n) end;
end;
