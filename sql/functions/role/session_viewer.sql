-- As whom the session asks: an array as of thule_internal.permits, or null, somebody to whom no rules apply.
-- Parameters: none. Returns: uid, gid and groups as `thule grant` has them; of an auditor, who has none, one that is nobody; null: who owns
--   the tables, the server's superuser, and whoever was given the tables themselves. Errors: those of thule_internal.session_grant.
-- Tables touched: role (read).
create function thule_internal.session_viewer() returns bigint[]
language plpgsql stable parallel safe
as $$
declare
    mine thule.role := thule_internal.session_grant();
begin
    return case when mine.kind = 'auditor' then array[-1::bigint, -1] when mine.kind is not null then array[mine.uid, mine.gid] || mine.groups end;
end
$$;
