-- The statement whose conditions are those of the views that it names, for thule_internal.asked.
-- Parameters: none. Returns: what the client has sent; null inside of a function, which may ask something else.
-- Tables touched: none.
create function thule_internal.statement() returns text
language plpgsql stable
as $$
declare
    callers text;
begin
    get diagnostics callers = pg_context;
    return case when strpos(callers, E'\n') = 0 then current_query() end;
end
$$;
