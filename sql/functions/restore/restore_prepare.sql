-- Plans a restore in the tables of thule_internal.change_begin.
-- Parameters: args: path, escaped, walked in the tree of then; place, optional: what that is to be called now; at, an instant as
--   thule.instant_op reads it; to, optional: a path that does not exist.
--   Without `to` the path becomes what it was: what was made below it since goes. With `to` a copy is made, whose bytes
--   are those of then, and nothing else changes. force: also what is immutable or append-only now, which stays otherwise.
-- Returns: nothing. Errors: those of thule.instant_op; no such path then, or no directory now to put it in
--   (no_data_found); `to` is taken (duplicate_object).
-- Tables touched: all of the filesystem's but blob (read).
-- In place a file keeps its inode if that is gone or still has a name there; if it was moved away, it stays where
-- it is, and a copy takes its place.
create function thule_internal.restore_prepare(args jsonb) returns void
language plpgsql
as $$
declare
    present constant bigint := thule_internal.present();
    at_op    bigint := thule.instant_op(args ->> 'at');
    place    text := coalesce(thule_internal.real_path(args ->> 'to', present), args ->> 'place', thule_internal.real_path(args ->> 'path', at_op));
    names    bytea[] := thule_internal.path_names(place);
    in_place boolean := args ->> 'to' is null;
    top      bigint;
    top_now  bigint;
    top_dir  bigint;
    dir      text;
begin
    top := thule.resolve_at_op(args ->> 'path', at_op);
    if top is null then
        raise exception using errcode = 'no_data_found',
            message = format('there was no file %s at %s', quote_literal(args ->> 'path'), args ->> 'at'),
            hint = '`thule log PATH` shows when there was.';
    end if;
    if cardinality(names) > 0 then
        dir := regexp_replace(rtrim(place, '/'), '/[^/]*$', '/');
        top_dir := thule.resolve_at_op(dir, present);
        if not exists (select from thule.inode i where i.ino = top_dir and thule_internal.is_directory(i.mode)) then
            raise exception using errcode = 'no_data_found',
                message = format('there is no directory %s now', quote_literal(dir)),
                hint = 'Restore that one, or give another place with --to.';
        end if;
    end if;
    top_now := thule.resolve_at_op(place, present);
    if not in_place and top_now is not null then
        raise exception using errcode = 'duplicate_object',
            message = format('there is a file %s already', quote_literal(place)),
            hint = 'Give a path that is free.';
    end if;

    perform thule_internal.change_begin();
    drop table if exists pg_temp.restore_then, pg_temp.restore_now, pg_temp.restore_ino;
    create temp table restore_then on commit drop as
        select null::bigint as parent, names[cardinality(names)] as name, top as ino
        union all
        select t.parent, t.name, t.ino from thule_internal.entries_at_op(top, at_op) t;
    create temp table restore_now on commit drop as
        select top_dir as parent, names[cardinality(names)] as name, top_now as ino
        where in_place and top_now is not null
        union all
        select t.parent, t.name, t.ino from thule_internal.entries_at_op(top_now, present) t where in_place;
    if exists (select from thule.pruned_inode p
            where p.op > at_op and p.ino in (select r.ino from pg_temp.restore_then r union select r.ino from pg_temp.restore_now r))
        and not exists (select from thule.snapshot s where s.op = at_op)
    then
        raise exception using errcode = 'no_data_found',
            message = format('the past of some files in %s was pruned or erased: what they were then is not known', args ->> 'path'),
            hint = 'Restore the files one by one, or take a later instant.';
    end if;
    if not coalesce((args ->> 'force')::boolean, false) then
        insert into pg_temp.change_frozen (ino, append, op)
            select i.ino, i.flags & 16 = 0, (select max(o.op) from thule.op o where o.ino = i.ino and o.kind = any (array(select k.id from thule.op_kind k where k.sets_flags)))
            from (
                select r.ino from pg_temp.restore_then r
                union
                select r.ino from pg_temp.restore_now r
                union
                select top_dir
            ) c
            join thule.inode i on i.ino = c.ino
            where i.flags & 48 <> 0 and i.nlink > 0;
    end if;
    create index on restore_now (ino);
    analyze restore_now;
    -- The inode that each is to be from now on.
    create temp table restore_ino on commit drop as
        select t.ino, case when t.again then t.ino
            else s.next_ino - 1 + row_number() over (partition by t.again order by t.ino) end as new_ino,
            t.again, t.there
        from (
            select d.ino,
                in_place and (exists (select from pg_temp.restore_now n where n.ino = d.ino) or d.ino = 1
                    or not exists (select from thule.dirent e where e.ino = d.ino)) as again,
                exists (select from thule.inode i where i.ino = d.ino) as there
            from (select distinct r.ino from pg_temp.restore_then r) d
        ) t
        cross join thule.superblock s;
    alter table pg_temp.restore_ino add primary key (ino);
    analyze restore_ino;

    perform thule_internal.progress(15);
    insert into pg_temp.change_name (ino, from_parent, from_name, to_parent, to_name, undone, since)
        with wanted as (
            select i.new_ino as ino, coalesce(p.new_ino, top_dir) as parent, t.name
            from pg_temp.restore_then t
            join pg_temp.restore_ino i on i.ino = t.ino
            left join pg_temp.restore_ino p on p.ino = t.parent
            where t.parent is not null or top_dir is not null
        ), here as (
            select n.ino, n.parent, n.name from pg_temp.restore_now n where n.parent is not null
        ), come as (
            select w.*, row_number() over (partition by w.ino order by w.parent, w.name) as n
            from (select * from wanted except select * from here) w
        ), go as (
            select h.*, row_number() over (partition by h.ino order by h.parent, h.name) as n
            from (select * from here except select * from wanted) h
        )
        select coalesce(c.ino, g.ino), g.parent, g.name, c.parent, c.name, at_op + 1, at_op
        from come c
        full join go g on g.ino = c.ino and g.n = c.n
        order by c.parent nulls last;

    perform thule_internal.progress(25);
    insert into pg_temp.change_inode (ino, mode, uid, gid, size, atime_ns, mtime_ns, flags, like_ino, like_op, content,
            undone)
        select i.new_ino, nullif(v.mode, n.mode), nullif(v.uid, n.uid), nullif(v.gid, n.gid), nullif(v.size, n.size),
            nullif(v.atime_ns, n.atime_ns), nullif(v.mtime_ns, n.mtime_ns), nullif(v.flags, n.flags),
            case when not i.again then i.ino end, case when not i.again then at_op end,
            thule_internal.is_file(v.mode) and (n.ino is null or n.size <> v.size
                or exists (select from thule.extent e where e.ino = i.ino and e.op_from > at_op)
                or exists (select from thule.extent_history e
                    where e.ino = i.ino and e.op_from <= at_op and e.op_to > at_op)), at_op + 1
        from pg_temp.restore_ino i
        cross join lateral (
            select t.* from thule.inode t where t.ino = i.ino and t.op_from <= at_op
            union all
            select h.* from thule.inode_history h where h.ino = i.ino and h.op_from <= at_op and h.op_to > at_op
        ) v
        left join thule.inode n on n.ino = i.new_ino;
    delete from pg_temp.change_inode c
        where not c.content and c.like_ino is null
            and num_nonnulls(c.mode, c.uid, c.gid, c.size, c.atime_ns, c.mtime_ns, c.flags) = 0;
    -- Extended attributes of then against those of now, or, of what is gone, those that it had when it went. Copies have
    -- those of then without being told.
    insert into pg_temp.change_xattr (ino, name, value, undone)
        select i.ino, x.name, (array_agg(x.value) filter (where x.past))[1], at_op + 1
        from pg_temp.restore_ino i
        cross join lateral (
            select p.name, p.value, true as past from thule.xattr p where p.ino = i.ino and p.op_from <= at_op
            union all
            select h.name, h.value, true from thule.xattr_history h
            where h.ino = i.ino and h.op_from <= at_op and h.op_to > at_op
            union all
            select p.name, p.value, false from thule.xattr p where p.ino = i.ino
            union all
            select h.name, h.value, false
            from thule.xattr_history h
            where not i.there and h.ino = i.ino
                and h.op_to = (select max(v.op_to) from thule.inode_history v where v.ino = i.ino)
        ) x
        where i.again
        group by i.ino, x.name
        having count(*) < 2 or count(distinct x.value) > 1;
    perform thule_internal.progress(35);
    insert into pg_temp.change_cut (ino, lo, hi)
        select e.ino, e.file_off, e.file_off + e.len
        from pg_temp.restore_ino i
        join pg_temp.change_inode c on c.ino = i.ino and c.content
        join thule.extent e on e.ino = i.ino and e.op_from > at_op
        where i.again
        union all
        select e.ino, c.size, e.file_off + e.len
        from pg_temp.restore_ino i
        join pg_temp.change_inode c on c.ino = i.ino and c.content
        join thule.extent e on e.ino = i.ino and e.op_from <= at_op and e.file_off + e.len > c.size
        where i.again;
    insert into pg_temp.change_extent (ino, file_off, len, blob, blob_off)
        select i.new_ino, e.file_off, least(e.len, v.size - e.file_off), e.blob, e.blob_off
        from pg_temp.restore_ino i
        cross join lateral (
            select t.size from thule.inode t where t.ino = i.ino and t.op_from <= at_op
            union all
            select h.size from thule.inode_history h where h.ino = i.ino and h.op_from <= at_op and h.op_to > at_op
        ) v
        cross join lateral (
            select x.* from thule.extent x where x.ino = i.ino and x.op_from <= at_op and not i.again
            union all
            select h.* from thule.extent_history h where h.ino = i.ino and h.op_from <= at_op and h.op_to > at_op
        ) e
        where e.file_off < v.size;
    if exists (select from pg_temp.change_frozen) then
        perform thule_internal.change_frozen_names();
        perform thule_internal.change_settle(false);
        perform thule_internal.change_frozen_inodes();
    end if;
    perform thule_internal.change_power(args, undo => false);
    analyze pg_temp.change_name, pg_temp.change_inode, pg_temp.change_cut, pg_temp.change_extent, pg_temp.change_xattr;
end
$$;
