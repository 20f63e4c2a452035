-- Ends a hold. What only it kept goes with the next prune.
-- Parameters: path, as it was given to thule_internal.hold_add, or any that the file has now.
-- Returns: nothing. Errors: no such hold (no_data_found).
-- Tables touched: hold, superblock (written), dirent, dirent_history (read).
create function thule_internal.hold_release(path text) returns void
language plpgsql strict
as $$
begin
    delete from thule.hold h
    where h.ino = coalesce(
        (select g.ino from thule.hold g where g.path = hold_release.path order by g.created desc limit 1),
        thule.resolve(hold_release.path));
    if not found then
        raise exception using errcode = 'no_data_found', message = format('%s is not held', path),
            hint = '`thule hold --list` shows what is.';
    end if;
    -- What it kept may have ended at any time.
    update thule.superblock set swept_op = 0 where swept_op > 0;
end
$$;
