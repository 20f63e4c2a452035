-- What .thule/at lists, without the first $1: the snapshots, and the op of each. Fewer than 500 (PAST_PAGE_ROWS) are the last ones.
select convert_to(s.name, 'UTF8'), s.op from thule.snapshot s
where strpos(s.name, '/') = 0 and octet_length(s.name) <= 255 and s.name not in ('.', '..')
order by s.name
offset $1::bigint
limit 500
