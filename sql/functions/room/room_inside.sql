-- How much the table of bytes can take before it grows on the disk: what deleted rows that a vacuum has seen left in its
-- pages. An estimate: rows in the table take the room of an average row, whole rows to a page, and so do dead ones that no
-- vacuum has seen; of bytes that stand out of line (pg_toast) four pieces fit in a page.
-- Parameters: none. Returns: bytes. Tables touched: blob (about 100 pages of it are read), the server's statistics.
create function thule_internal.room_inside() returns bigint
language plpgsql stable
as $$
declare
    page  constant integer := current_setting('block_size')::integer;
    pages constant bigint := pg_relation_size('thule.blob') / page;
    width numeric;
begin
    -- What does not fit in a page is 18 bytes there. With a row come 40 bytes: its header, its id, and where in the page it is.
    select avg(case when pg_column_size(b.data) > page - 100 then 18 else pg_column_size(b.data) end) + 40 into width
        from thule.blob b tablesample system (least(100, 10000.0 / greatest(pages, 1)));
    return coalesce((
        select sum(greatest(0, pg_relation_size(c.oid) / page - ceil(
            greatest(c.reltuples, s.n_live_tup + s.n_dead_tup)
                / case when c.relkind = 't' then 4 else greatest(1, floor((page - 24) / coalesce(width, page))) end)) * page)
        from pg_class t
        join pg_class c on c.oid in (t.oid, t.reltoastrelid)
        join pg_stat_all_tables s on s.relid = c.oid
        where t.oid = 'thule.blob'::regclass), 0)::bigint;
end
$$;
