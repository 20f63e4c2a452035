-- One row of apply_dirent_close.sql.
with gone as (
    delete from thule.dirent d
    where d.ctid = (select p.ctid from thule.dirent p where p.parent = $1::bigint and p.name = $2::bytea order by p.op_from desc limit 1)
    returning d.parent, d.name, d.ino, d.cookie, d.op_from, d.valid_from
)
insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
select g.*, $3::bigint, $4::timestamptz from gone g
where coalesce(current_setting('thule.history', true), 'on') = 'on'
