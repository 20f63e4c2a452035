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
language plpgsql stable parallel unsafe rows 10000
as $$
declare
    a bigint := thule_internal.kept_op(diff.since);
    b bigint := thule_internal.kept_op(diff.until);
begin
    if thule_internal.sees_tables() then
        return query select d.* from thule_internal.diff_ops(a, b, diff.top) d;
    else
        return query select s.* from thule_internal.diff_seen(a, b, diff.top) s;
    end if;
end
$$;

-- For a granted role: the user's own files, with the paths that the user may look up, as `thule diff` has it in root's mount.
-- Parameters: from_op, to_op, top: those of thule_internal.diff_ops. Returns: as thule.diff.
-- Errors: the user may not look where top is (insufficient_privilege); those of thule_internal.diff_ops and session_sees. Tables touched: those of diff_ops and may_reach (read).
create function thule_internal.diff_seen(from_op bigint, to_op bigint, top text) returns table (change text,
    path text, old_path text, kind text, what text[], ino bigint, old_size bigint, new_size bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language plpgsql stable parallel unsafe security definer rows 1000
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    -- Before the beginning there is nothing to look into.
    perform thule_internal.resolve_as(diff_seen.top, o.op, viewer) from unnest(array[from_op, to_op]) o (op) where exists (select from thule_internal.inode_at_op(1, o.op));
    return query select d.change, thule_internal.viewed_path(d.path, case d.change when 'removed' then from_op else to_op end, viewer),
            thule_internal.viewed_path(d.old_path, from_op, viewer), d.kind, d.what, d.ino, d.old_size, d.new_size, d.op, d.at, d.uid, d.username, d.pid, d.exe,
            case when d.uid = viewer[1] then d.cmdline end
        from thule_internal.diff_ops(from_op, to_op, diff_seen.top) d
        where thule_internal.is_own(d.ino, viewer);
end
$$;

comment on function thule.diff(timestamptz, timestamptz, text) is
    'What differs between two times, at and below a path (NULL: everywhere): one row for each path that was added, removed, renamed, modified or replaced, with the last op that has part in it and who did it. Example: select change, path, what, username from thule.diff(now() - interval ''1 day'', now(), ''/a'');';
