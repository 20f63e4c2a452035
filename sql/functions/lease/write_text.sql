-- The transaction that writes files by SQL, for people.
-- Parameters: none. Returns: text; null when there is none. Tables touched: those of thule.write_holder.
create function thule_internal.write_text() returns text
language sql stable
begin atomic
    select format('a SQL transaction of role %s%s (pid %s, %s, since %s)', coalesce(w.role, 'unknown'),
        coalesce(', application ' || nullif(w.application_name, ''), ''), w.pid, w.client, coalesce(date_trunc('second', w.since)::text, 'unknown'))
    from thule.write_holder() w;
end;
