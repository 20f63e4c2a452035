-- Finds the ops that an undo takes back, and puts them into pg_temp.undo_op (op, kind, ino, parent, name, new_parent,
-- new_name).
-- Parameters: args, of which these are read, each of them optional, but at least one besides the path given:
--   tag; run, as thule.actor has it; pid; exe, a path or its last part; user, a name or a uid; since, until, as thule.instant reads them;
--   path, escaped, walked in the tree of until, or of now: only what was done at or below that path; viewer (thule_internal.viewer_of): only what was done to his own files while they
--   were his: what was in a file before that is not for him.
-- Returns: how many. Errors: no selector (invalid_parameter_value); nothing matches, where it is not about a run, or something of
--   which the state from before it was pruned (no_data_found).
-- Tables touched: op, op_kind, actor, account, run, inode, inode_history, dirent, dirent_history, superblock, pruned_inode (read).
create function thule_internal.undo_select(args jsonb) returns bigint
language plpgsql
set plan_cache_mode = force_custom_plan   -- what it is asked for decides how to look
as $$
declare
    first    bigint := 17;                  -- mkfs cannot be taken back
    last     bigint := thule_internal.present();
    viewer   bigint[] := thule_internal.viewer_of(args);
    selected bigint;
    pruned   bigint;
    problem  text;
begin
    if not exists (select from jsonb_each_text(args) a
        where a.key in ('tag', 'run', 'pid', 'exe', 'user', 'since', 'until') and a.value is not null)
    then
        raise exception using errcode = 'invalid_parameter_value', message = 'nothing selects what to undo',
            hint = 'Give a tag, pid, exe, user or a time. A path alone would be all that ever happened to it, its creation too.';
    end if;
    if args ->> 'since' is not null then
        first := greatest(first, thule_internal.op_before(args ->> 'since') + 1);
    end if;
    -- The id of an actor is its first op; of a run that has changed nothing there is none.
    if args ->> 'run' is not null then
        first := greatest(first, coalesce((select min(a.id) from thule.actor a where a.run = args ->> 'run'), last));
    end if;
    if args ->> 'until' is not null then
        last := thule_internal.op_until(args ->> 'until');
    end if;
    drop table if exists pg_temp.undo_span;
    insert into pg_temp.undo_op (op, kind, ino, parent, name, new_parent, new_name)
        select o.op, o.kind, o.ino, o.parent, o.name, o.new_parent, o.new_name
        from thule.op o
        where o.op between first and last
            and o.kind not in (select k.id from thule.op_kind k where not k.can_be_undone)
            and (viewer is null or thule_internal.is_own(o.ino, viewer)
                and not exists (
                    select from thule_internal.inode_at_op(o.ino, o.op - 1) i where i.uid <> viewer[1]
                    union all
                    select from thule_internal.inode_at_op(o.ino, o.op) i where i.uid <> viewer[1]))
            and (args ->> 'tag' is null or o.tag = args ->> 'tag')
            and (num_nulls(args ->> 'run', args ->> 'pid', args ->> 'exe', args ->> 'user') = 4
                or o.actor in (
                    select a.id
                    from thule.actor a
                    where (args ->> 'run' is null or a.run = args ->> 'run')
                        and (args ->> 'pid' is null or a.pid = (args ->> 'pid')::integer)
                        and (args ->> 'exe' is null or a.exe = args ->> 'exe'
                            or right(a.exe, length(args ->> 'exe') + 1) = '/' || (args ->> 'exe'))
                        and (args ->> 'user' is null or a.username = args ->> 'user'
                            or a.uid::text = args ->> 'user')));
    if args ->> 'path' is not null then
        create temp table undo_span on commit drop as
            select * from thule_internal.spans_changed(thule_internal.real_path(args ->> 'path', last), first - 1, last);
        if viewer is null and not exists (select from pg_temp.undo_span) then
            raise exception using errcode = 'no_data_found',
                message = format('there never was a file %s', quote_literal(args ->> 'path')),
                hint = '`thule log` shows which paths were changed.';
        end if;
        create index on undo_span (ino);
        analyze undo_span;
        delete from pg_temp.undo_op o
        where not exists (select from pg_temp.undo_span s where s.ino = o.ino and o.op between s.op_from and s.op_to);
    end if;
    alter table pg_temp.undo_op add primary key (op);
    create index on undo_op (ino);
    analyze undo_op;
    select count(*) into selected from pg_temp.undo_op;
    -- Whoever finds an atomic run abandoned cannot know, before all is committed, whether it has changed anything.
    if selected = 0 and args ->> 'run' is null then
        if viewer is null then
            problem := thule_internal.selector_problem(args ->> 'user', args ->> 'tag', null, args ->> 'exe', (args ->> 'pid')::integer);
        end if;
        raise exception using errcode = 'no_data_found', message = coalesce(problem, 'the log has no such change') || ': nothing to undo',
            hint = case when problem is null then '`thule log` with the same selectors shows what there is.'
                else '`thule log` shows who changed what, and `thule log --json` with which tags.' end;
    end if;
    -- It is done while nobody else changes anything.
    if viewer is not null and selected > 100000 then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('these are %s changes, and users of the mount undo at most 100000 at once', selected),
            hint = 'Narrow it with a PATH or a time, or ask root.';
    end if;
    -- Without the state from before an op, taking it back would lose what is there.
    select max(u.op) into pruned
    from pg_temp.undo_op u
    where u.op <= (select s.pruned_op from thule.superblock s)
        or exists (select from thule.pruned_inode p where p.ino in (u.ino, u.parent, u.new_parent) and u.op <= p.op);
    if pruned is not null then
        raise exception using errcode = 'no_data_found',
            message = format('some of it cannot be undone: what was there before op %s was pruned or erased', pruned),
            hint = format('What came later can, with --since op:%s.', pruned + 1);
    end if;
    return selected;
end
$$;
