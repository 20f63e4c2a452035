-- Keeps the past of a file from being lost: neither prune nor erase touches it, or what is or ever was in it, until it is
-- released. Held is the file that has the path now, whatever it will be called, or else the last one that had it.
-- Parameters: path, absolute and escaped (thule_internal.path_names); by, who does it; reason, or null.
-- Returns: ino. Errors: there never was such a path (no_data_found), it is held already (duplicate_object), and those
--   of thule_internal.last_led.
-- Tables touched: hold (written), dirent, dirent_history (read).
create function thule_internal.hold_add(path text, by text, reason text) returns bigint
language plpgsql
as $$
declare
    wanted bigint;
begin
    perform thule_internal.history_shared();
    wanted := thule_internal.last_led(path, thule_internal.present());
    if wanted is null then
        raise exception using errcode = 'no_data_found', message = format('there never was a file %s', path),
            hint = '`thule log` shows which paths were changed.';
    end if;
    insert into thule.hold (ino, path, by, reason)
        values (wanted, hold_add.path, hold_add.by, hold_add.reason)
        on conflict do nothing;
    if not found then
        raise exception using errcode = 'duplicate_object', message = format('%s is held already', path),
            hint = '`thule hold --list` shows by whom.';
    end if;
    return wanted;
end
$$;
