-- thule prune PATH: what belongs to the path, $1 escaped or else $2 as bytes, in arrays of $3 inodes.
select array_agg(ino)
from (
    select ino, (row_number() over (order by ino) - 1) / $3::integer as part
    from thule.inodes_under(coalesce($1::text, thule.escape_name($2::bytea))) as ino
) i
group by part
order by part
