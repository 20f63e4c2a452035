-- thule.username and thule.groupname for a session that may not read the tables: what a uid is called is in /etc/passwd for all to read.
-- Parameters: uid, gid. Returns: their names, or null. Errors: those of thule_internal.session_sees. Tables touched: role, actor, account, quota (read).
create function thule_internal.user_seen(uid bigint, gid bigint, out username text, out groupname text)
language plpgsql stable parallel safe security definer cost 1000
as $$
begin
    perform thule_internal.session_sees();
    username := thule.username(uid);
    groupname := thule.groupname(gid);
end
$$;
