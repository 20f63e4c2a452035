-- What .thule/at lists: the snapshots, and the op of each.
select convert_to(s.name, 'UTF8'), s.op from thule.snapshot s
where strpos(s.name, '/') = 0 and octet_length(s.name) <= 255 and s.name not in ('.', '..')
order by s.name
