-- Whether a session of this role may be a daemon's: the role, or one that it has to change to before, may write the filesystem.
-- Parameters: role. Returns: whether. Tables touched: none.
-- PL/pgSQL, as those that call it for each hand-over of the right to write: planning it takes longer than doing it (lease_state).
create function thule_internal.role_may_write(role oid) returns boolean
language plpgsql stable
as $$
begin
    return exists (select from pg_roles r
        where pg_has_role(role_may_write.role, r.oid, 'member') and has_table_privilege(r.oid, 'thule.superblock'::regclass, 'update'));
end
$$;
