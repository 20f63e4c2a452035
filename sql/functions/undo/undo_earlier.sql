-- Finds the undos that stand: what they took back, and they themselves, are for another undo as if they had never been.
-- Parameters: none; pg_temp.undo_op has the ops to be undone.
-- Returns: nothing. Fills pg_temp.undo_back (op, request), the ops of those undos, and pg_temp.undo_moot (op, request), the ops that
--   these were to take back. They are as if they had never been for what the undo has in fact changed, and there only.
-- Tables touched: request, op (read).
-- An undo stands unless it was undone itself, be it in part. One with --force has taken back work of others, of which nothing
-- is noted: it counts as a change like any other.
create function thule_internal.undo_earlier() returns void
language plpgsql
as $$
declare
    undone int8multirange;
    first  bigint;
    q      record;
begin
    drop table if exists pg_temp.undo_near;
    select min(u.op) into first from pg_temp.undo_op u;
    if not exists (select from thule.request r where r.made >> int8range(null, first)) then
        return;
    end if;
    select range_agg(int8range(u.op, u.op + 1)) into undone from pg_temp.undo_op u;
    create temp table undo_near on commit drop as
        select distinct v.ino from pg_temp.undo_op u cross join lateral (values (u.ino), (u.parent), (u.new_parent)) v (ino);
    create index on undo_near (ino);
    analyze undo_near;
    for q in
        select r.id, r.made, r.undone, coalesce((r.args ->> 'force')::boolean, false) as force
        from thule.request r
        where r.made >> int8range(null, first)
        order by r.id desc
    loop
        continue when undone && q.made;
        undone := undone + q.undone;
        -- Most have nothing to do with it.
        continue when q.force or not exists (
            select from thule.op o join pg_temp.undo_near n on n.ino = any (array[o.ino, o.parent, o.new_parent])
            where o.op >= lower(q.made) and o.op < upper(q.made));
        insert into pg_temp.undo_back (op, request)
            select o.op, q.id from thule.op o where o.op >= lower(q.made) and o.op < upper(q.made);
        insert into pg_temp.undo_moot (op, request)
            select o.op, q.id from unnest(q.undone) s join thule.op o on o.op >= lower(s) and o.op < upper(s);
    end loop;
    analyze pg_temp.undo_back, pg_temp.undo_moot;
end
$$;
