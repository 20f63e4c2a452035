-- The log. All ops of a batch are of the one mount that holds the lease. $14: 1 for those that were deferred.
insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag, deferred)
select r.op, r.at, r.kind, r.ino, r.parent, r.name, r.new_parent, r.new_name, r.off, r.len, r.actor, r.mount,
       r.tag, r.deferred <> 0
from unnest($1::bigint[], $2::timestamptz[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[],
            $7::bigint[], $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
            $13::text[], $14::smallint[])
    as r (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag, deferred)
