-- What may be kept of a process that asked for a change (thule_internal.actor_detail).
-- Parameters: actor, a JSON object with the columns of thule.actor.
-- Returns: the same; for `basic` without the command line, for `off` with user and group alone.
-- Tables touched: mount (read).
create function thule_internal.actor_shown(actor jsonb) returns jsonb
language sql stable
begin atomic
    select case thule_internal.actor_detail()
            when 'basic' then actor - 'cmdline'
            when 'off' then (
                select coalesce(jsonb_object_agg(e.key, e.value), '{}') from jsonb_each(actor) e
                where e.key in ('host', 'boot_id', 'uid', 'gid', 'username'))
            else actor
        end;
end;
