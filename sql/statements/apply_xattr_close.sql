-- Extended attributes that the present has end, at the given op and time; name null: all of the inode's that did not end
-- before in this batch.
with ended as (
    select distinct on (c.ino, x.name) c.ino, x.name, x.value, x.op_from, x.valid_from, c.op, c.at, x.place
    from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::timestamptz[]) as c (ino, name, op, at)
    cross join lateral (
        select p.ctid as place, p.name, p.value, p.op_from, p.valid_from from thule.xattr p
        where p.ino = c.ino and (c.name is null or p.name = c.name)
        offset 0
    ) x
    order by c.ino, x.name, c.op
), gone as (
    delete from thule.xattr x using ended e where x.ctid = e.place
)
insert into thule.xattr_history (ino, name, value, op_from, valid_from, op_to, valid_to)
select ino, name, value, op_from, valid_from, op, at from ended
where coalesce(current_setting('thule.history', true), 'on') = 'on'
