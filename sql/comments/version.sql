-- What all tables with versions have: the columns that say when a row is true. And what a table of versions that
-- ended has in common with that of the present: each of its columns.
do $$
declare
    c record;
begin
    for c in
        select r.relname as present, h.relname as history, a.attname as name, col_description(r.oid, a.attnum) as comment
        from unnest(array['inode', 'dirent', 'extent', 'xattr']) t (name)
        join pg_catalog.pg_class r on r.relnamespace = 'thule'::regnamespace and r.relname = t.name
        join pg_catalog.pg_class h on h.relnamespace = 'thule'::regnamespace and h.relname = t.name || '_history'
        join pg_catalog.pg_attribute a on a.attrelid = h.oid and a.attnum > 0 and not a.attisdropped
    loop
        if c.name in ('op_from', 'valid_from', 'op_to', 'valid_to') then
            c.comment := case c.name
                when 'op_from' then 'The op that began this version: the row is true from it on.'
                when 'valid_from' then 'Time of op_from. It is here because a version can outlive its op in the log.'
                when 'op_to' then 'The op that ended this version: the row is true before it, and no more after. 9223372036854775807: it has not ended.'
                else 'Time of op_to. infinity: it has not ended.' end;
            execute format('comment on column thule.%I.%I is %L', c.present, c.name, c.comment);
        end if;
        execute format('comment on column thule.%I.%I is %L', c.history, c.name, c.comment);
    end loop;
end
$$;
