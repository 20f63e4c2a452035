-- Names that the present has end, at the given op and time.
with gone as (
    delete from thule.dirent d
    using unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::timestamptz[]) as c (parent, name, op, at)
    where d.parent = c.parent and d.name = c.name
    returning d.parent, d.name, d.ino, d.cookie, d.op_from, d.valid_from, c.op, c.at
)
insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
select * from gone
where coalesce(current_setting('thule.history', true), 'on') = 'on'
