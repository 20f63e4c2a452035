-- Names that the present has end, at the given op and time. The last row of a name is the living one, however many dead ones an old
-- snapshot keeps.
with gone as (
    delete from thule.dirent d
    using unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::timestamptz[]) as c (parent, name, op, at)
    cross join lateral (
        select p.ctid as place from thule.dirent p where p.parent = c.parent and p.name = c.name order by p.op_from desc limit 1
    ) p
    where d.ctid = p.place
    returning d.parent, d.name, d.ino, d.cookie, d.op_from, d.valid_from, c.op, c.at
)
insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
select * from gone
where coalesce(current_setting('thule.history', true), 'on') = 'on'
