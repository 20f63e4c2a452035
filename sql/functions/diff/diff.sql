-- What differs between two instants. With the later one first it is the way back.
-- Parameters: since, until: system time; top: a path, only what is at or below it, or moved there or away (null: everything).
-- Returns: rows, by path:
--   change    added, removed, renamed (path is the new one, old_path the old one), modified, or replaced (another file
--             has the name)
--   what      of modified and renamed: content, mode, owner, mtime, flags, xattr. Bytes that were written anew are content, also if
--             they are the same ones as before; what was undone is not. A directory's mtime counts when somebody set it.
--   kind, ino of the inode, the one after where there is one; sizes before and after
--   op, at, uid, username, pid, exe, cmdline: the last op in between that has part in it, and who did it
--   What is in a directory that was renamed has no rows of its own. Times of access and change do not count.
-- Errors: those of thule_internal.diff_ops and thule_internal.kept_op. Tables touched: those of thule_internal.diff_ops, snapshot (read).
create function thule.diff(since timestamptz, until timestamptz, top text default null) returns table (change text,
    path text, old_path text, kind text, what text[], ino bigint, old_size bigint, new_size bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable parallel unsafe rows 10000
begin atomic
    select * from thule_internal.diff_ops(thule_internal.kept_op(since), thule_internal.kept_op(until), top);
end;

comment on function thule.diff(timestamptz, timestamptz, text) is
    'What differs between two times, at and below a path (NULL: everywhere): one row for each path that was added, removed, renamed, modified or replaced, with the last op that has part in it and who did it. Example: select change, path, what, username from thule.diff(now() - interval ''1 day'', now(), ''/a'');';
