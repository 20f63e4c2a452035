-- Says to a granted role that something is not for it, where the server would say which table it may not read.
-- Parameters: what, how a function is called; instead, what there is for it. Returns: null, never. Errors: always (insufficient_privilege), for who was granted nothing
--   those of thule_internal.session_grant. Tables touched: role (read).
create function thule_internal.closed(what text, instead text) returns bigint
language plpgsql stable
as $$
begin
    perform thule_internal.session_sees();
    raise exception using errcode = 'insufficient_privilege', message = format('%s is for the owner of the filesystem and for auditors', what), hint = instead;
end
$$;
