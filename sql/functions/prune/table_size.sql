-- Returns the bytes that each table takes with its indexes and its long values, and what it is for.
-- Returns: rows: name; kind: present, history, log, blobs (bytes of files) or other; bytes.
-- Tables touched: none; sizes are asked of the server.
create function thule_internal.table_size() returns table (name text, kind text, bytes bigint)
language sql stable parallel safe rows 30
begin atomic
    select c.relname::text as name,
        case
            when c.relname ~ '_history$' then 'history'
            when c.relname in ('inode', 'dirent', 'extent', 'xattr') then 'present'
            when c.relname = 'blob' then 'blobs'
            when c.relname in ('op', 'actor') then 'log'
            else 'other'
        end as kind,
        pg_total_relation_size(c.oid) as bytes
    from pg_class c
    where c.relnamespace = 'thule'::regnamespace and c.relkind = 'r';
end;
