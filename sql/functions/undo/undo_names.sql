-- Plans where names go back to when the ops of pg_temp.undo_op are undone.
-- Parameters: force, also take back what others did to the same names later.
-- Returns: nothing; adds to pg_temp.change_name and change_note.
-- Tables touched: dirent, dirent_history (read).
-- What is undone is not what a directory's entry said, but where a name was: a name is made (create, link), goes
-- from place to place (rename, exchange), and is removed. A version of an entry that begins with the op with which
-- another of the same inode ends is the same name after a rename; one that comes back to the place where it was
-- removed (an undo) is the same name too.
create function thule_internal.undo_names(force boolean) returns void
language plpgsql
as $$
begin
    drop table if exists pg_temp.undo_row, pg_temp.undo_pair, pg_temp.undo_event, pg_temp.undo_token;
    create temp table undo_row on commit drop as
        with slot as materialized (
            select u.op, u.parent, u.name from pg_temp.undo_op u where u.name is not null
            union all
            select u.op, u.new_parent, u.new_name from pg_temp.undo_op u where u.new_name is not null
        ), moved as materialized (
            select d.ino
            from slot s
            join thule.dirent d on d.parent = s.parent and d.name = s.name and d.op_from = s.op
            union
            select d.ino
            from slot s
            join thule.dirent_history d on d.parent = s.parent and d.name = s.name and s.op in (d.op_from, d.op_to)
        )
        select row_number() over () as id, v.*, null::bigint as previous, false as moved_on
        from (
            select d.ino, d.parent, d.name, d.op_from, d.op_to from moved m join thule.dirent d on d.ino = m.ino
            union all
            select d.ino, d.parent, d.name, d.op_from, d.op_to
            from moved m
            join thule.dirent_history d on d.ino = m.ino
        ) v;
    create index on undo_row (ino, op_to);
    create index on undo_row (ino, op_from);
    analyze undo_row;
    update pg_temp.undo_row r set previous = p.id
        from pg_temp.undo_row p where p.ino = r.ino and p.op_to = r.op_from;
    update pg_temp.undo_row p set moved_on = true
        from pg_temp.undo_row r where r.ino = p.ino and r.op_from = p.op_to;
    -- An undo or restore that makes names change places takes them all away before it gives them (thule_internal.change_order): the name that it
    -- takes from an inode and the one that it gives to it are one.
    create temp table undo_pair on commit drop as
        with taken as (
            select r.id, r.ino, o.actor, row_number() over (partition by r.ino, o.actor order by r.op_to) as n
            from pg_temp.undo_row r
            join thule.op o on o.op = r.op_to and o.tag ~ '^(undo|restore):'
            where not r.moved_on
        ), given as (
            select r.id, r.ino, o.actor, row_number() over (partition by r.ino, o.actor order by r.op_from) as n
            from pg_temp.undo_row r
            join thule.op o on o.op = r.op_from and o.tag ~ '^(undo|restore):'
            where r.previous is null
        )
        select t.id as taken, g.id as given from taken t join given g on g.ino = t.ino and g.actor = t.actor and g.n = t.n;
    update pg_temp.undo_row r set previous = p.taken from pg_temp.undo_pair p where r.id = p.given;
    update pg_temp.undo_row r set moved_on = true from pg_temp.undo_pair p where r.id = p.taken;
    update pg_temp.undo_row r set previous = g.previous
        from (
            select b.id, lag(b.id) over w as previous, lag(b.moved_on) over w as moved_on
            from pg_temp.undo_row b
            window w as (partition by b.ino, b.parent, b.name order by b.op_from)
        ) g
        where g.id = r.id and r.previous is null and not g.moved_on;
    create index on undo_row (previous);
    analyze undo_row;

    create temp table undo_event on commit drop as
        with recursive chain (id, token) as (
            select r.id, r.id from pg_temp.undo_row r where r.previous is null
            union all
            select r.id, c.token from chain c join pg_temp.undo_row r on r.previous = c.id
        )
        select e.*, u.op is not null as own, u.op is not null as mine
        from (
            select c.token, r.ino, r.op_from as op, r.parent, r.name
            from chain c
            join pg_temp.undo_row r on r.id = c.id
            union all
            select c.token, r.ino, r.op_to, null, null
            from chain c
            join pg_temp.undo_row r on r.id = c.id
            where r.op_to < thule_internal.present() and not r.moved_on
        ) e
        left join pg_temp.undo_op u on u.op = e.op;
    create index on undo_event (token, op);
    analyze undo_event;
    update pg_temp.undo_event e set mine = true
        where not e.mine and (exists (select from pg_temp.undo_back b where b.op = e.op)
            or exists (select from pg_temp.undo_moot m
                join pg_temp.undo_back b on b.request = m.request
                join pg_temp.undo_event d on d.op = b.op and d.token = e.token
                where m.op = e.op));
    -- A name that others removed and brought back to where it was has not changed.
    delete from pg_temp.undo_event e
    using (
        select v.token, v.op, v.parent is null and not v.mine and not lead(v.mine) over w as goes, lead(v.op) over w as back,
            (lead(v.parent) over w, lead(v.name) over w) = (lag(v.parent) over w, lag(v.name) over w) as same
        from pg_temp.undo_event v
        window w as (partition by v.token order by v.op)
    ) g
    where g.goes and g.same and e.token = g.token and e.op in (g.op, g.back);

    -- Where each name is, where it was after the last op that stays (since), and before the first that goes.
    create temp table undo_token on commit drop as
        select t.token, t.ino, t.kept > t.last_own as stands, t.kept,
            case when t.kept > t.last_own then t.first_mine
                 else (select min(e.op) from pg_temp.undo_event e where e.token = t.token and e.op > t.kept) end as undone,
            now_at.parent as from_parent, now_at.name as from_name, back.op as since,
            back.parent as to_parent, back.name as to_name
        from (
            select e.token, min(e.ino) as ino, max(e.op) as last, coalesce(max(e.op) filter (where not e.mine), 0) as kept,
                max(e.op) filter (where e.own) as last_own, min(e.op) filter (where e.mine) as first_mine
            from pg_temp.undo_event e
            group by e.token
            having bool_or(e.own)
        ) t
        join pg_temp.undo_event now_at on now_at.token = t.token and now_at.op = t.last
        left join lateral (
            select e.op, e.parent, e.name
            from pg_temp.undo_event e
            where e.token = t.token
                and case when t.kept > t.last_own then e.op < t.first_mine else e.op <= t.kept end
            order by e.op desc limit 1
        ) back on true;

    insert into pg_temp.change_name (ino, from_parent, from_name, to_parent, to_name, undone, since)
        select t.ino, t.from_parent, t.from_name, t.to_parent, t.to_name, t.undone, coalesce(t.since, 0)
        from pg_temp.undo_token t
        where (force or not t.stands)
            and (t.from_parent, t.from_name) is distinct from (t.to_parent, t.to_name);
    insert into pg_temp.change_note (action, ino, parent, name, detail, op, "by")
        select 'name', t.ino, coalesce(t.from_parent, t.to_parent), coalesce(t.from_name, t.to_name),
            case when t.from_parent is null then 'was removed later'
                 when t.to_parent is null then 'was renamed or linked later'
                 else 'was renamed later' end, t.undone, t.kept
        from pg_temp.undo_token t
        where not force and t.stands
            and (t.from_parent, t.from_name) is distinct from (t.to_parent, t.to_name)
            -- Unless the place has been given to it again.
            and not (t.from_parent is null and exists (
                select from thule.dirent d where d.parent = t.to_parent and d.name = t.to_name and d.ino = t.ino));
    analyze change_name;
end
$$;
