-- Walks a path as the kernel would have done once an op had happened: in the names and by the symbolic links of then. This is
-- what everything that takes a path and an instant asks; .thule/at in the mount shows the same names and links to the kernel.
-- Parameters: path, absolute and escaped (thule_internal.path_names), in which . and .. mean what they mean to the kernel, and a slash at the end
--   that it is a directory; at_op, an op (2^63-1: the present); follow, whether a symbolic link as the last name is followed, too; viewer,
--   as of thule_internal.permits; start, the directory where the path begins, if not the root; top, the directory above which there is
--   nothing of the filesystem; home, what is its root to absolute links: see thule_internal.link_inside. With home, .. of top leads out;
--   without, it is top.
-- Returns: ino, null where there was nothing; place, the path without links, escaped, '' for the root: as far as it was
--   there, and then the names that are left (null: start had no path then); outside, in bytes: where the path leads out of the
--   filesystem, what is left of it, absolute or from top; problem: why there is nothing, where it is not just that a name is not there.
-- Errors: the path leads through a directory that the viewer may not search, whether or not there is anything (insufficient_privilege).
-- Tables touched: dirent, dirent_history, inode, inode_history, mount, and for a viewer those of thule_internal.may_reach (read).
-- One probe of the present and at most one of the past for each name: versions of one name do not overlap, so
-- only the last one that began by then can have been true. What has no such name is looked at only then: a link has none.
create function thule_internal.walk_at_op(path text, at_op bigint, follow boolean default false, viewer bigint[] default null,
    start bigint default 1, top bigint default 1, home bytea[] default null,
    out ino bigint, out place text, out outside bytea, out problem text)
language plpgsql stable parallel safe cost 500
as $$
declare
    max_links constant integer := 40;       -- as the kernel has it
    todo      bytea[] := thule_internal.path_names(path);
    next      integer := 1;
    links     integer := 0;
    dir       bigint;                       -- where the name of ino is, and its path
    above     text;
    step      bytea;                        -- null: all names are done
    found_ino bigint;
    ended     bigint;
    link      text;                         -- the last one that was followed
    v         record;
begin
    if todo is null or at_op is null then
        return;
    end if;
    if path ~ '[^/]/+$' then
        todo := todo || '.'::bytea;
    end if;
    ino := start;
    place := '';
    if start <> 1 then
        if viewer is not null and not thule_internal.may_reach(start, at_op, 0, viewer) then
            raise exception using errcode = 'insufficient_privilege', message = format('%s: you may not look there', left(path, 500));
        end if;
        place := rtrim(thule.path_at_op(start, at_op), '/');
        if place is null then
            ino := null;
            return;
        end if;
    end if;
    loop
        step := todo[next];
        next := next + 1;
        exit when step is null and not follow;
        if step is not null then
            if viewer is not null and not thule_internal.may_reach(ino, at_op, 1, viewer) then
                raise exception using errcode = 'insufficient_privilege',
                    message = format('%s: you may not look into %s', left(path, 500), coalesce(nullif(place, ''), '/'));
            end if;
            select d.ino into found_ino from thule.dirent d
                where d.parent = walk_at_op.ino and d.name = step and d.op_from <= at_op;
            if not found then
                select d.ino, d.op_to into found_ino, ended from thule.dirent_history d
                    where d.parent = walk_at_op.ino and d.name = step and d.op_from <= at_op
                    order by d.op_from desc limit 1;
                if ended <= at_op then
                    found_ino := null;
                end if;
            end if;
            if found_ino is not null then
                dir := ino;
                above := place;
                ino := found_ino;
                place := place || '/' || thule.escape_name(step);
                continue;
            end if;
        end if;
        select i.mode, i.target into v from thule_internal.inode_at_op(walk_at_op.ino, at_op) i;
        if thule_internal.is_symlink(v.mode) then
            links := links + 1;
            link := place;
            if links > max_links then
                problem := 'too many levels of symbolic links';
            elsif get_byte(v.target, 0) = 47 then
                ino := 1;
                path := thule_internal.link_inside(v.target, home);
                if path is null then
                    outside := v.target;
                    problem := format('%s leads out of the filesystem, to %s', place, thule.escape_name(v.target));
                end if;
                place := case when path is null then place else '' end;
            else
                ino := dir;
                place := above;
                path := '/' || thule.escape_name(v.target);
            end if;
            if problem is null then
                todo := thule_internal.path_names(path) || case when path ~ '[^/]/+$' then array['.'::bytea] end
                    || step || todo[next:];
                next := 1;
                continue;
            end if;
        elsif step is null then
            exit;
        elsif not thule_internal.is_directory(v.mode) then
            problem := format('%s is no directory', place);
        elsif step = '.' or step = '..' and ino = top and home is null then
            continue;
        elsif step = '..' and ino = top then
            outside := '.';
            problem := 'that is above the root of the filesystem';
        elsif step = '..' then
            select e.parent into ino
            from (
                select d.parent from thule.dirent d where d.ino = walk_at_op.ino and d.op_from <= at_op
                union all
                select d.parent from thule.dirent_history d
                where d.ino = walk_at_op.ino and d.op_from <= at_op and d.op_to > at_op
            ) e;
            place := regexp_replace(place, '/[^/]*$', '');
            continue;
        end if;
        -- Nothing: what is left of the names says what there is not.
        ino := null;
        problem := coalesce(problem, link || ' leads there');
        todo := array[step] || todo[next:];
        outside := outside || coalesce((select string_agg('/'::bytea || n.name, '' order by n.i)
            from unnest(array_remove(todo, null)) with ordinality n (name, i)), '');
        place := place || coalesce((select string_agg('/' || thule.escape_name(n.name), '' order by n.i)
            from unnest(array_remove(array_remove(todo, null), '.'::bytea)) with ordinality n (name, i)), '');
        return;
    end loop;
end
$$;
