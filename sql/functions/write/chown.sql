-- Gives a file to another user or group, as chown(2), which takes its set-id bits away.
-- Parameters: ino, or path, followed where follow says so; uid, gid, null: as it is. Returns: ino.
-- Errors: those of thule_internal.write_begin and write_walk, EPERM, EINVAL. Tables touched: op, inode, inode_history (written).
create function thule.chown(ino bigint, uid bigint default null, gid bigint default null) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    i      thule.inode;
    w      record;
begin
    i := thule_internal.write_inode(chown.ino);
    if least(chown.uid, chown.gid) < 0 or greatest(chown.uid, chown.gid) > 4294967294 then
        perform thule_internal.fail('EINVAL', format('there is no %s', concat_ws(' or ', 'user ' || chown.uid, 'group ' || chown.gid)), 'Ids are 0 to 4294967294.');
    end if;
    -- Who changes nothing need not own it.
    if num_nonnulls(chown.uid, chown.gid) > 0 or thule_internal.without_set_id(i.mode, i.gid, viewer) <> i.mode then
        perform thule_internal.write_own(i, viewer);
    end if;
    if viewer[1] <> 0 and (chown.uid <> i.uid or chown.gid <> i.gid and chown.gid <> all (viewer[2:])) then
        perform thule_internal.fail('EPERM', format('user %s may not give inode %s away', viewer[1], i.ino),
            'An owner may give it to a group that he is in, root to everybody.');
    end if;
    perform thule_internal.write_flags(i);
    w := thule_internal.write_op('chown', i.ino);
    i.mode := thule_internal.without_set_id(i.mode, coalesce(chown.gid, i.gid), viewer);
    i.uid := coalesce(chown.uid, i.uid);
    i.gid := coalesce(chown.gid, i.gid);
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.chown(bigint, bigint, bigint) is
    'Gives an inode to a user and a group, as chown(2); NULL: it keeps its own; returns the inode. Example: select thule.chown(42, 1000, 1000);';

create function thule.chown(path text, uid bigint default null, gid bigint default null, follow boolean default true) returns bigint
language plpgsql
as $$
begin
    return thule.chown(thule_internal.write_found(path, coalesce(follow, true), thule_internal.write_begin()), chown.uid, chown.gid);
end
$$;

comment on function thule.chown(text, bigint, bigint, boolean) is
    'Gives what a path leads to to a user and a group, as chown(2); NULL: it keeps its own; follow false: a symbolic link itself; returns the inode. Example: select thule.chown(''/a/b'', 1000, 1000);';
