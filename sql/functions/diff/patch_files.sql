-- What paths named after one op and after another, where these are files or symbolic links: what a patch is made of.
-- Parameters: paths, escaped and without symbolic links; from_op, to_op: ops; viewer, as of thule_internal.permits.
-- Returns: rows by name: a side before and one after, as thule_internal.patch_side has it, null where there was neither; same: the bytes are certainly
--   the same ones. A path that named one inode before and names another after is one file that has changed. An inode that has lost a path and got another one
--   is a file that was renamed.
-- Tables touched: dirent, dirent_history, extent, extent_history, and those of thule_internal.patch_side (read).
create function thule_internal.patch_files(paths text[], from_op bigint, to_op bigint, viewer bigint[])
    returns table (old_name bytea, old_ino bigint, old_mode integer, old_size bigint, old_target bytea, old_lacks text,
    new_name bytea, new_ino bigint, new_mode integer, new_size bigint, new_target bytea, new_lacks text, same boolean)
language sql stable parallel safe rows 1000
begin atomic
    with place as materialized (
        select p.path, max(n.ino) filter (where n.op_from <= from_op and n.op_to > from_op) as old_ino,
            max(n.ino) filter (where n.op_from <= to_op and n.op_to > to_op) as new_ino
        from (select distinct unnest(paths) as path) p
        cross join lateral thule_internal.named_at(p.path) n
        group by p.path
    ), lost as (
        select p.path, p.old_ino, row_number() over (partition by p.old_ino order by p.path) as n from place p where p.new_ino is null
    ), won as (
        select p.path, p.new_ino, row_number() over (partition by p.new_ino order by p.path) as n from place p where p.old_ino is null
    ), pair (old_path, old_ino, new_path, new_ino) as (
        select p.path, p.old_ino, p.path, p.new_ino from place p where p.old_ino is not null and p.new_ino is not null
        union all
        select l.path, l.old_ino, w.path, w.new_ino from lost l full join won w on w.new_ino = l.old_ino and w.n = l.n
    )
    select o.name, o.ino, o.mode, o.size, o.target, o.lacks, n.name, n.ino, n.mode, n.size, n.target, n.lacks,
        coalesce(o.ino = n.ino and o.size = n.size, false) and not exists (
            select from thule.extent e where e.ino = p.new_ino and e.op_from > least(from_op, to_op)
            union all
            select from thule.extent_history e where e.ino = p.new_ino and e.op_to > least(from_op, to_op) and e.op_from <= greatest(from_op, to_op))
    from pair p
    left join lateral thule_internal.patch_side(p.old_path, p.old_ino, from_op, viewer) o on true
    left join lateral thule_internal.patch_side(p.new_path, p.new_ino, to_op, viewer) n on true
    where (o.name is not null or n.name is not null)
        and (viewer is null or thule_internal.is_own(o.ino, viewer) or thule_internal.is_own(n.ino, viewer))
    order by coalesce(n.name, o.name);
end;
