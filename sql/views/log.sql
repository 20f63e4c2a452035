-- What was done to a file: the log of the inode that the path names, or, where it names none now, of the last one
-- that it named; with `upto`, of the last one that it named before that op. Follows the inode through renames, before and after; includes ops on other inodes that gave it a
-- name or took one away (a rename over it, an exchange with it). Of a directory, the ops on itself.
-- Parameters: path, absolute and escaped (thule_internal.path_names); upto, an op.
-- Returns: rows of thule.change in the order of op, to that op; none when there never was such a path. Errors: those of thule_internal.last_led.
-- Tables touched: op, actor, op_kind, dirent, dirent_history (read).
create function thule_internal.log_rows(path text, upto bigint) returns setof thule.change
language sql stable strict parallel safe rows 100
begin atomic
    with target as materialized (
        select thule_internal.last_led(path, upto) as ino
    ), ops as (
        select o.op from target t join thule.op o on o.ino = t.ino
        union
        select d.op_from from target t join thule.dirent d on d.ino = t.ino
        union
        select unnest(array[d.op_from, d.op_to]) from target t join thule.dirent_history d on d.ino = t.ino
    )
    -- In an array, of which the planner expects a few, whatever it knows of the log: it goes by the index.
    select c.*
    from (select array_agg(o.op) as ops from ops o where o.op <= upto) found
    cross join unnest(found.ops) s (op)
    join thule.change c on c.op = s.op
    order by c.op;
end;

-- The same, for a granted role as thule_internal.log_seen shows it.
create function thule.log(path text, upto bigint default thule_internal.present()) returns setof thule.change
language sql stable parallel safe rows 100
begin atomic
    select c.* from thule_internal.log_rows(path, upto) c where thule_internal.sees_tables()
    union all
    select s.* from thule_internal.log_seen(path, upto) s where not thule_internal.sees_tables();
end;

comment on function thule.log(text, bigint) is
    'Changes of the file that a path names, or named last, through its renames, in the order of op; up to an op where one is given. Example: select at, kind, path, username from thule.log(''/a/b'');';
