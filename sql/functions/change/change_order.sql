-- Makes ops of a plan: what pg_temp.change_name, change_inode and change_xattr say becomes pg_temp.change_op, in an order in which one
-- could do it by hand: no two files ever have one name, and nothing is ever in a directory that is not there.
-- Parameters: first, the first op id to use.
-- Returns: the first op id not used. Fills pg_temp.change_op (op, kind, ino, parent, name, new_parent, new_name, off,
--   len), sets op of change_inode and change_xattr, and change_name.op_off and op_on. Errors: a plan that cannot be done (internal_error).
-- Tables touched: inode, inode_history (read).
create function thule_internal.change_order(first bigint) returns bigint
language plpgsql
as $$
declare
    free_op bigint;
    more  bigint;
    wave  bigint[];
begin
    -- What the inodes are, and whether they are there.
    insert into pg_temp.change_mode (ino, mode, there)
        select distinct on (c.ino) c.ino, m.mode, m.there
        from (
            select n.ino, n.ino as like_ino from pg_temp.change_name n where n.active
            union all
            select i.ino, coalesce(i.like_ino, i.ino) from pg_temp.change_inode i
        ) c
        cross join lateral (
            select i.mode, c.ino = i.ino as there from thule.inode i where i.ino = c.like_ino
            union all
            (select h.mode, false from thule.inode_history h where h.ino = c.like_ino limit 1)
        ) m
        order by c.ino, m.there desc;
    create index on change_mode (ino);
    analyze change_mode;

    -- Bytes and attributes of what is there; what is made anew has them from the start.
    insert into pg_temp.change_op (op, kind, ino, name, off, len)
        select first - 1 + row_number() over (order by c.what, c.ino, c.name), c.kind, c.ino, c.name, c.off, c.len
        from (
            select 1 as what, case when b.ino is not null then 'write' else 'truncate' end as kind, i.ino, null::bytea as name,
                case when b.ino is not null then b.off else coalesce(i.size, n.size) end as off, b.len
            from pg_temp.change_inode i
            join thule.inode n on n.ino = i.ino
            left join (
                select e.ino, min(e.file_off) as off, max(e.file_off + e.len) - min(e.file_off) as len
                from pg_temp.change_extent e
                group by e.ino
            ) b on b.ino = i.ino
            where i.content
            union all
            select 2, case
                    when num_nonnulls(i.mode, coalesce(i.uid, i.gid), coalesce(i.atime_ns, i.mtime_ns)) > 1 then 'setattr'
                    when i.mode is not null then 'chmod'
                    when num_nonnulls(i.uid, i.gid) > 0 then 'chown'
                    else 'utimens' end, i.ino, null, null, null
            from pg_temp.change_inode i
            join thule.inode n on n.ino = i.ino
            where num_nonnulls(i.mode, i.uid, i.gid, i.atime_ns) > 0 or (i.mtime_ns is not null and not i.content)
            union all
            select 3, 'setflags', i.ino, null, null, null
            from pg_temp.change_inode i
            join thule.inode n on n.ino = i.ino
            where i.flags is not null
            union all
            select 4, case when x.value is null then 'removexattr' else 'setxattr' end, x.ino, x.name, null, octet_length(x.value)
            from pg_temp.change_xattr x
            join thule.inode n on n.ino = x.ino
        ) c;
    get diagnostics more = row_count;
    free_op := first + more;
    update pg_temp.change_inode i set op = o.op
        from (select c.ino, min(c.op) as op from pg_temp.change_op c group by c.ino) o where o.ino = i.ino;
    update pg_temp.change_xattr x set op = o.op
        from pg_temp.change_op o where o.ino = x.ino and o.name = x.name;

    loop
        -- All are looked at, and then those that waited for what was done last: directories in each other take as many
        -- rounds as they are deep.
        wave := array(select c.id from pg_temp.change_name c where c.active);
        while cardinality(wave) > 0 loop
            with ready as (
                select c.id, free_op - 1 + row_number() over (order by c.id) as op
                from unnest(wave) w (id)
                join pg_temp.change_name c on c.id = w.id
                where c.active
                    and ((c.from_parent is not null and c.op_off is null) or (c.to_parent is not null and c.op_on is null))
                    and (c.to_parent is null
                        or (not exists (select from pg_temp.change_name f
                                where f.active and f.from_parent = c.to_parent and f.from_name = c.to_name
                                    and f.op_off is null)
                            and not exists (select from pg_temp.change_name p
                                where p.active and p.ino = c.to_parent and p.from_parent is null and p.op_on is null)))
                    and (c.to_parent is not null
                        or not exists (select from pg_temp.change_name f
                            where f.active and f.from_parent = c.ino and f.op_off is null))
            ), done as (
                update pg_temp.change_name c set
                        op_off = case when c.from_parent is not null then coalesce(c.op_off, r.op) end,
                        op_on = case when c.to_parent is not null then r.op end
                    from ready r where r.id = c.id
                    returning c.id, c.ino, c.from_parent, c.from_name
            )
            select array(
                    -- Who gets the name, who is the directory that it was in, and who goes into what has come.
                    select w.id from done d join pg_temp.change_name w on w.to_parent = d.from_parent and w.to_name = d.from_name
                    union
                    select w.id from done d join pg_temp.change_name w on w.ino = d.from_parent and w.to_parent is null
                    union
                    select w.id from done d join pg_temp.change_name w on w.to_parent = d.ino where d.from_parent is null),
                (select count(*) from done)
                into wave, more;
            free_op := free_op + more;
        end loop;
        -- Names that change places: all are taken away before they are given.
        update pg_temp.change_name c set op_off = free_op - 1 + r.n
            from (
                select p.id, row_number() over (order by p.id) as n
                from pg_temp.change_name p
                where p.active and p.from_parent is not null and p.to_parent is not null and p.op_off is null
            ) r
            where r.id = c.id;
        get diagnostics more = row_count;
        free_op := free_op + more;
        exit when more = 0;
    end loop;
    if exists (select from pg_temp.change_name c where c.active
        and ((c.from_parent is not null and c.op_off is null) or (c.to_parent is not null and c.op_on is null)))
    then
        raise exception using errcode = 'internal_error', message = 'names wait for each other: nothing was changed',
            hint = 'This is a fault of ThuleFS. A narrower PATH may do; `thule fsck` says whether the filesystem is sound.';
    end if;

    insert into pg_temp.change_op (op, kind, ino, parent, name, new_parent, new_name)
        select c.op_on, 'rename', c.ino, c.from_parent, c.from_name, c.to_parent, c.to_name
        from pg_temp.change_name c
        where c.active and c.op_on = c.op_off
        union all
        select c.op_off, case when thule_internal.is_directory(m.mode) then 'rmdir' else 'unlink' end, c.ino, c.from_parent,
            c.from_name, null, null
        from pg_temp.change_name c
        join pg_temp.change_mode m on m.ino = c.ino
        where c.active and c.op_off is not null and c.op_off is distinct from c.op_on
        union all
        select c.op_on, k.kind, c.ino, case when k.kind <> 'link' then c.to_parent end,
            case when k.kind <> 'link' then c.to_name end, case when k.kind = 'link' then c.to_parent end,
            case when k.kind = 'link' then c.to_name end
        from (
            select n.*, min(n.op_on) over (partition by n.ino) as first_on from pg_temp.change_name n where n.active
        ) c
        join pg_temp.change_mode m on m.ino = c.ino
        cross join lateral (
            select case when m.there or c.op_on <> c.first_on or c.op_off is not null then 'link'
                when thule_internal.is_directory(m.mode) then 'mkdir'
                when thule_internal.is_file(m.mode) then 'create'
                when thule_internal.is_symlink(m.mode) then 'symlink'
                else 'mknod' end as kind
        ) k
        where c.active and c.op_on is not null and c.op_on is distinct from c.op_off;
    return free_op;
end
$$;
