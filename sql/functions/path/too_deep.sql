-- Refuses a tree that goes deeper than thule_internal.max_depth(), for what must not leave out a part in silence.
-- Parameters: ino, what is in the last directory that has a path. Returns: nothing.
-- Errors: always (program_limit_exceeded). Tables touched: none.
create function thule_internal.too_deep(ino bigint) returns boolean
language plpgsql stable strict parallel safe
as $$
begin
    raise exception using errcode = 'program_limit_exceeded',
        message = format('inode %s is more than %s directories deep', ino, thule_internal.max_depth()),
        hint = 'Take a directory below it instead. `thule fsck` says whether directories contain each other.';
end
$$;
