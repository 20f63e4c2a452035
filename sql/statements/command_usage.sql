-- thule usage: who wrote how much, and what is left of it, those that wrote most first. $1: whether the first column is wanted; $2 what to count by;
-- $3 since and $4 until, instants or null; $5 how many rows, or null.
select case when $1::boolean then row_to_json(u) end as json,
    coalesce(u.name, 'none') as name,
    u.ops,
    pg_size_pretty(u.bytes_written) as written,
    pg_size_pretty(u.bytes_held) as "held now",
    pg_size_pretty(u.bytes_past) as "held by the past",
    u.inodes_created as created,
    u.inodes_removed as removed
from thule.usage($2::text, $3::text, $4::text) with ordinality u (name, ops, bytes_written, bytes_held, bytes_past, inodes_created,
    inodes_removed, inodes_held, place)
order by u.place
limit $5::bigint
