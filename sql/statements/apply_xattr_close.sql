-- Extended attributes that the present has end, at the given op and time; name null: all of the inode's that did not end
-- before in this batch.
with ended as (
    select distinct on (x.ino, x.name) x.ino, x.name, x.value, x.op_from, x.valid_from, c.op, c.at
    from unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::timestamptz[]) as c (ino, name, op, at)
    join thule.xattr x on x.ino = c.ino and (c.name is null or x.name = c.name)
    order by x.ino, x.name, c.op
), gone as (
    delete from thule.xattr x using ended e where x.ino = e.ino and x.name = e.name
)
insert into thule.xattr_history (ino, name, value, op_from, valid_from, op_to, valid_to)
select * from ended
where coalesce(current_setting('thule.history', true), 'on') = 'on'
