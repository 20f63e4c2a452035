-- Who wrote the bytes of a file, through symbolic links, that are there now.
-- Parameters: path, absolute and escaped (thule_internal.path_names).
-- Returns: rows of thule_internal.blame_at_op; none when there is no such file.
-- Tables touched: dirent, dirent_history, extent, extent_history, op, actor (read).
create function thule_internal.blame_rows(path text) returns table (off bigint, len bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable strict parallel safe rows 100
begin atomic
    select * from thule_internal.blame_at_op((thule_internal.walk_at_op(path, thule_internal.present(), follow => true)).ino, thule_internal.present());
end;

-- For a granted role: of the user's own file that it may read, with the command lines of the user's own processes.
create function thule_internal.blame_seen(path text) returns table (off bigint, len bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language plpgsql stable strict parallel safe security definer rows 100
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
    found  bigint := (thule_internal.walk_at_op(path, thule_internal.present(), follow => true, viewer => viewer)).ino;
begin
    if found is not null then
        perform thule_internal.check_viewer(found, thule_internal.present(), null, viewer);
        return query select b.off, b.len, b.op, b.at, b.uid, b.username, b.pid, b.exe, case when b.uid = viewer[1] then b.cmdline end
            from thule_internal.blame_at_op(found, thule_internal.present()) b;
    end if;
end
$$;

create function thule.blame(path text) returns table (off bigint, len bigint, op bigint,
    at timestamptz, uid bigint, username text, pid integer, exe text, cmdline text)
language sql stable parallel safe rows 100
begin atomic
    select b.* from thule_internal.blame_rows(path) b where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.blame_seen(path) s where not thule_internal.sees_tables();
end;

comment on function thule.blame(text) is
    'Who wrote the bytes of a file that are there now: one row for each range, with the op, the process and its time. No rows: there is no such file. Example: select off, len, username, exe, at from thule.blame(''/a/b'');';
