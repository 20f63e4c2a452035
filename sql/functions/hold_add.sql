-- Keeps the past of a file from being lost: neither prune nor erase touches it, or what is or ever was in it, until it is
-- released. Held is the file that has the path now, whatever it will be called, or else the last one that had it.
-- Parameters: path, absolute and escaped (thule.path_names); by, who does it; reason, or null.
-- Returns: ino. Errors: there never was such a path (no_data_found), it is held already (duplicate_object), and those
--   of thule.last_led.
-- Tables touched: hold (written), dirent, dirent_history (read).
create function thule.hold_add(path text, by text, reason text) returns bigint
language plpgsql
as $$
declare
    wanted bigint;
begin
    perform thule.history_shared();
    wanted := thule.last_led(path, 9223372036854775807);
    if wanted is null then
        raise exception using errcode = 'no_data_found', message = format('there never was a file %s', path);
    end if;
    insert into thule.hold (ino, path, by, reason)
        values (wanted, hold_add.path, hold_add.by, hold_add.reason)
        on conflict do nothing;
    if not found then
        raise exception using errcode = 'duplicate_object', message = format('%s is held already', path);
    end if;
    return wanted;
end
$$;
