-- What caches have to drop after others than the daemon have written: inodes, and names in directories, that ops changed.
-- Parameters: op, the last one that the caches know. Returns: rows of an inode, or of a name and its directory; changed inodes include those
--   that lost a name to a rename. Tables touched: op, op_kind, dirent_history (read).
create function thule_internal.touched_since(op bigint, out ino bigint, out parent bigint, out name bytea) returns setof record
language sql stable
begin atomic
    with done as (select o.ino::bigint as ino, o.parent, o.name, o.new_parent, o.new_name, o.op::bigint as op, o.kind
        from thule.op o where o.op > touched_since.op order by o.op),
    names as (select d.parent, d.name, d.op, d.kind from done d where d.name is not null
        union all select d.new_parent, d.new_name, d.op, d.kind from done d where d.new_name is not null)
    select i.ino, null::bigint, null::bytea
    from (select d.ino from done d union select d.parent from done d union select d.new_parent from done d
        union select h.ino::bigint from names n join thule.op_kind k on k.id = n.kind and (k.removes_name or k.replaces)
            cross join lateral (select e.ino, e.op_to from thule.dirent_history e
                where e.parent = n.parent and e.name = n.name and e.op_from < n.op order by e.op_from desc limit 1) h
            where h.op_to = n.op) i
    where i.ino is not null
    union all
    select null, n.parent, n.name from (select distinct x.parent, x.name from names x) n;
end;
