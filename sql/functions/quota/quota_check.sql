-- Refuses what leaves a user, group or directory tree with more than its quota allows, and with more than it had.
-- Parameters: none; pg_temp.quota_before is thule.quota_usage as it was, quota_then (kind, id, bytes, inodes) what is used then.
--   Returns: nothing.
--   Errors: above a quota (configuration_limit_exceeded).
-- Tables touched: none of the filesystem's.
create function thule_internal.quota_check() returns void
language plpgsql
as $$
declare
    too_much text;
begin
    select format('%s %s would have %s, and its quota allows %s', u.kind, b.name,
            case when u.bytes > b.bytes_limit and u.bytes > b.bytes then format('%s bytes', u.bytes)
                else format('%s files', u.inodes) end,
            case when u.bytes > b.bytes_limit and u.bytes > b.bytes then b.bytes_limit else b.inodes_limit end)
        into too_much
        from pg_temp.quota_then u
        join pg_temp.quota_before b on b.kind = u.kind and b.id = u.id
        where (u.bytes > b.bytes_limit and u.bytes > b.bytes) or (u.inodes > b.inodes_limit and u.inodes > b.inodes)
        order by u.kind, u.id limit 1;
    if found then
        raise exception using errcode = 'configuration_limit_exceeded', message = too_much || ': nothing was changed',
            hint = 'Raise it with `thule quota set`, or give --force.';
    end if;
end
$$;
