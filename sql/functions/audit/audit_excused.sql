-- Files whose rows may be gone, as prunes by path and erasures have said in the chain.
-- Parameters: none. Returns: ino; op, up to which; thule_internal.present(): all of it is, also names in other directories.
-- Tables touched: chain_part (read).
create function thule_internal.audit_excused() returns table (ino bigint, op bigint)
language sql stable parallel safe
begin atomic
    select u.ino, max(u.op) as op
    from thule.chain_part p
    cross join lateral unnest(p.ops, p.inos) u (op, ino)
    where p.area = 'gone'
    group by u.ino;
end;
