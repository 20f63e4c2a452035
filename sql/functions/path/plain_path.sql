-- An absolute path as the functions that return paths write it, but for the root.
-- Parameters: path, see thule_internal.path_names. Returns: text without a slash at the end: '' for the root; null for null.
-- Errors: those of thule_internal.path_names. Tables touched: none.
create function thule_internal.plain_path(path text) returns text
language sql immutable strict parallel safe
begin atomic
    select coalesce(string_agg('/' || thule.escape_name(n.name), '' order by n.i), '')
    from unnest(thule_internal.path_names(path)) with ordinality n (name, i);
end;
