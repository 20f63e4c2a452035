-- The user as whom a granted role sees the filesystem: for functions that run as the owner and show what that user may see.
-- Parameters: none. Returns: an array as of thule_internal.permits, never null. Errors: the role is no reader and no writer, or those of
--   thule_internal.session_grant (insufficient_privilege). Tables touched: role (read).
create function thule_internal.session_sees() returns bigint[]
language plpgsql stable parallel safe
as $$
declare
    mine thule.role := thule_internal.session_grant();
begin
    if mine.kind in ('reader', 'writer') then
        return array[mine.uid, mine.gid] || mine.groups;
    end if;
    raise exception using errcode = 'insufficient_privilege', message = 'this is for roles that were granted a part of the filesystem',
        hint = 'Ask the functions of schema thule, which see what your role may see.';
end
$$;
