-- thule diff --stat: how much differs, and by whom; the most files first. Parameters as of command_diff.
select case when $5::boolean then row_to_json(s) end as json,
    s.change, s.files, s.bytes_before, s.bytes_after,
    coalesce(s.username, s.uid::text) as user, s.exe
from (
    select d.change, count(*) as files, coalesce(sum(d.old_size), 0) as bytes_before,
        coalesce(sum(d.new_size), 0) as bytes_after, d.uid, d.username, d.exe
    from thule_internal.diff_ops($1, $2, coalesce($3::text, thule.escape_name($4::bytea))) d
    where $6::bigint[] is null or thule_internal.is_own(d.ino, $6)
    group by d.change, d.uid, d.username, d.exe
) s
order by s.files desc, s.change, s.uid, s.exe
