-- thule.chmod of many inodes, gathered and done together: what `update thule.file set mode = ...` does with each row costs a quarter of it then.
-- They wait in the setting thule.modes, which goes back with a savepoint, for thule_internal.chmod_gathered.
-- Parameters: ino, mode. Returns: nothing. Errors: no mode (EINVAL). Tables touched: those of chmod_gathered, when there are many.
create function thule_internal.chmod_gather(ino bigint, mode integer) returns void
language plpgsql
as $$
declare
    waiting text := concat_ws(',', nullif(current_setting('thule.modes', true), ''), ino || ':' || thule_internal.write_mode(mode));
begin
    perform set_config('thule.modes', waiting, true);
    if length(waiting) > 16000 then
        perform thule_internal.chmod_gathered();
    end if;
end
$$;

-- Does what thule_internal.chmod_gather has gathered. Where there is an access list or a flag of chattr(1), each is done by itself. Only of those to
-- whom no rules apply: anybody may have put numbers into the setting.
-- Parameters: none. Returns: nothing. Errors: those of thule.chmod. Tables touched: op, inode, inode_history (written).
create function thule_internal.chmod_gathered() returns void
language plpgsql
as $$
declare
    waiting constant text := nullif(current_setting('thule.modes', true), '');
    plain   bigint[];
    modes   integer[];
    c       record;
    w       record;
begin
    if waiting is null or thule_internal.session_viewer() is not null then
        return;
    end if;
    perform thule_internal.write_begin();
    perform set_config('thule.modes', '', true);
    for c in
        -- Of two names of an inode the last one counts.
        select distinct on (g.ino) g.ino, g.mode, i.xattrs = 0 and i.flags & 48 = 0 as plain
        from (select split_part(t.word, ':', 1)::bigint as ino, split_part(t.word, ':', 2)::integer as mode, t.nth
            from string_to_table(waiting, ',') with ordinality t (word, nth)) g
        left join lateral (select p.xattrs, p.flags from thule.inode p where p.ino = g.ino order by p.era desc nulls last limit 1) i on true
        order by g.ino, g.nth desc
    loop
        if c.plain then
            plain := plain || c.ino;
            modes := modes || c.mode;
        else
            perform thule.chmod(c.ino, c.mode);
        end if;
    end loop;
    if plain is null then
        return;
    end if;
    w := thule_internal.write_op('chmod', plain[1]);
    insert into thule.op (op, at, kind, ino, actor, mount, tag)
        select o.op + n.nth - 1, o.at + (n.nth - 1) * interval '1 microsecond', o.kind, n.ino, o.actor, o.mount, o.tag
        from thule.op o, unnest(plain) with ordinality n (ino, nth)
        where o.op = w.op and n.nth > 1;
    insert into thule.inode_history (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, flags, xattrs,
            project, target, op_from, valid_from, op_to, valid_to)
        select i.ino, i.mode, i.nlink, i.uid, i.gid, i.rdev, i.size, i.allocated, i.atime_ns, i.mtime_ns, i.ctime_ns, i.btime_ns, i.flags,
            i.xattrs, i.project, i.target, i.op_from, i.valid_from, w.op + n.nth - 1, w.at + (n.nth - 1) * interval '1 microsecond'
        from unnest(plain) with ordinality n (ino, nth)
        cross join lateral (select p.* from thule.inode p where p.ino = n.ino order by p.era desc nulls last limit 1) i;
    update thule.inode i
        set mode = (i.mode & ~4095) | n.mode, ctime_ns = w.now_ns + (n.nth - 1) * 1000, op_from = w.op + n.nth - 1,
            valid_from = w.at + (n.nth - 1) * interval '1 microsecond',
            era = case when hashint8(w.op + n.nth - 1) & 31 = 0 then w.op + n.nth - 1 else i.era end
        from unnest(plain, modes) with ordinality n (ino, mode, nth)
        cross join lateral (select p.ctid as place from thule.inode p where p.ino = n.ino order by p.era desc nulls last limit 1) p
        where i.ctid = p.place;
end
$$;
