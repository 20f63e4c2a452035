-- thule.read_at_op and thule.content_at_op for the user as whom the session asks.
-- Parameters, returns: those of them. Errors: also that the user may not read the file, as it was then or as it is now, or look where it is
--   (insufficient_privilege), and those of thule_internal.session_sees. Tables touched: role, blob, and those of thule_internal.may_reach (read).
create function thule_internal.read_seen(ino bigint, at_op bigint, off bigint, len bigint) returns bytea
language plpgsql stable parallel safe security definer cost 10000
as $$
begin
    perform thule_internal.check_viewer(ino, at_op, 4, thule_internal.session_sees());
    return thule.read_at_op(ino, at_op, off, len);
end
$$;

create function thule_internal.read_seen(path text, at_op bigint) returns bytea
language plpgsql stable parallel safe security definer cost 10000
as $$
declare
    found bigint := thule_internal.resolve_seen(path, at_op);
begin
    if (select thule_internal.is_file(i.mode) from thule_internal.inode_at_op(found, at_op) i) then
        perform thule_internal.check_viewer(found, at_op, 4, thule_internal.session_sees());
    end if;
    return thule.content_at_op(path, at_op);
end
$$;
