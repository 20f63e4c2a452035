-- Sets the times of a file, as utimensat(2).
-- Parameters: ino, or path, followed where follow says so; atime, mtime, null: as it is; both null: now. Returns: ino.
-- Errors: those of thule_internal.write_begin and write_walk, EACCES, EPERM, EINVAL. Tables touched: op, inode, inode_history (written).
create function thule.utimens(ino bigint, atime timestamptz default null, mtime timestamptz default null) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    now    boolean := num_nonnulls(utimens.atime, utimens.mtime) = 0;
    i      thule.inode;
    w      record;
begin
    i := thule_internal.write_inode(utimens.ino);
    -- What 64 bits of nanoseconds hold.
    if least(utimens.atime, utimens.mtime) < '1677-09-21 00:12:44+00' or greatest(utimens.atime, utimens.mtime) > '2262-04-11 23:47:16+00' then
        perform thule_internal.fail('EINVAL', format('a file cannot have the time %s', concat_ws(' or ', utimens.atime, utimens.mtime)), 'Times are from 1678 to 2262.');
    end if;
    if now and viewer[1] not in (0, i.uid) then
        perform thule_internal.write_permit(i, 2, viewer);      -- as touch(1): who may write it may
    else
        perform thule_internal.write_own(i, viewer);
    end if;
    perform thule_internal.write_flags(i, case when now then 16 else 48 end);
    w := thule_internal.write_op('utimens', i.ino);
    i.atime_ns := case when now then w.now_ns else coalesce(thule.time_ns(utimens.atime), i.atime_ns) end;
    i.mtime_ns := case when now then w.now_ns else coalesce(thule.time_ns(utimens.mtime), i.mtime_ns) end;
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.utimens(bigint, timestamptz, timestamptz) is
    'Sets the time of the last read and of the last change of an inode, as utimensat(2); NULL: it stays, both NULL: now; returns the inode. Example: select thule.utimens(42, mtime => ''2024-05-01'');';

create function thule.utimens(path text, atime timestamptz default null, mtime timestamptz default null, follow boolean default true) returns bigint
language plpgsql
as $$
begin
    return thule.utimens(thule_internal.write_found(path, coalesce(follow, true), thule_internal.write_begin()), utimens.atime, utimens.mtime);
end
$$;

comment on function thule.utimens(text, timestamptz, timestamptz, boolean) is
    'Sets the time of the last read and of the last change, as utimensat(2); NULL: it stays, both NULL: now; follow false: of a symbolic link itself; returns the inode. Example: select thule.utimens(''/a/b'', mtime => ''2024-05-01'');';
