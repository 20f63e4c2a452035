-- Gives a role the privileges that its grant stands for, and takes all others on schema thule from it.
-- Parameters: role, its name. Returns: nothing.
-- Errors: it would see more than that, by way of another role or of what everybody was granted (invalid_parameter_value).
-- Tables touched: role (read), and the system catalog.
-- A reader may read no table: what it sees comes from functions that run as the owner and ask whether it may
-- (sees_tables). So a view or a function that is new is closed to it until somebody opens it here.
create function thule_internal.role_apply(role text) returns void
language plpgsql
as $$
declare
    granted text := (select r.kind from thule.role r where r.role = role_apply.role);
begin
    execute format('revoke all on all tables in schema thule from %I', role);
    execute format('revoke all on schema thule from %I', role);
    if granted is not null then
        execute format('grant usage on schema thule to %I', role);
    end if;
    if granted = 'auditor' then
        execute format('grant select on all tables in schema thule to %I', role);
        -- Of duplicates a digest is shown, by which short bytes can be guessed.
        execute format('revoke all on thule.blob, thule.duplicate_file from %I', role);
    elsif granted = 'reader' then
        execute format('grant select on thule.file to %I', role);
    elsif granted = 'writer' then
        execute format('grant select, insert, update, delete on thule.file to %I', role);
    end if;
    if granted is not null and has_table_privilege(role, case granted when 'auditor' then 'thule.blob' else 'thule.dirent' end, 'select') then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('role %I would still read the tables, because another role that it is a member of may, or everybody', role),
            hint = E'Take it out of that role, or revoke what that one has: \\dp thule.* shows it.';
    end if;
end
$$;
