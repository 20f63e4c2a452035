-- The log. All ops of a batch are of the one mount that holds the lease.
insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag, deferred)
select * from unnest($1::bigint[], $2::timestamptz[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bytea[],
                     $7::bigint[], $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::integer[],
                     $13::text[], $14::boolean[])
