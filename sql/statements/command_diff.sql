-- thule diff: what differs between the states after two ops ($1, $2) at or below a path, escaped ($3) or else in bytes ($4) or
-- null. $5: whether the first column is wanted. $6 who asks, where it is a user at the door, or null: of his own files, with the paths that
-- he may see.
select case when $5::boolean then row_to_json(d) end as json,
    d.change,
    coalesce(array_to_string(d.what, ','), d.kind) as what,
    coalesce(d.username, d.uid::text) as user,
    d.pid,
    d.exe,
    to_char(d.at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') as time,
    coalesce(d.old_path || ' -> ', '') || d.path as path
from (
    select o.change,
        case when $6::bigint[] is null then o.path
            else thule_internal.viewed_path(o.path, case o.change when 'removed' then $1 else $2 end, $6) end as path,
        case when $6 is null then o.old_path else thule_internal.viewed_path(o.old_path, $1, $6) end as old_path,
        o.kind, o.what, o.ino, o.old_size, o.new_size, o.op, o.at, o.uid, o.username, o.pid, o.exe,
        case when $6 is null or o.uid = ($6)[1] then o.cmdline end as cmdline
    from thule_internal.diff_ops($1, $2, coalesce($3::text, thule.escape_name($4::bytea))) o
    where $6 is null or thule_internal.is_own(o.ino, $6)
) d
