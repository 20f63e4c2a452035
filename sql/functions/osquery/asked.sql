-- What a statement demands of the paths of a table of schema osquery. PostgreSQL tells a view nothing of the conditions on it, and no path is stored; but the
-- statement tells, as people write it. What is not understood for certain demands nothing: the answer is the same, and takes longer.
-- Parameters: statement, null for none; schemas, in which its names are looked up (current_schemas(true)); relation, the table.
-- Returns: rows of about ('path' or 'directory'), how ('=' or 'like') and wanted, each of which is true of all rows that the statement can show.
-- Tables touched: only the system catalog.
-- A condition counts if it is one of those that `and` joins in the one `where` of one `select` of our tables alone: `path = 'a'`, `path in ('a', 'b')` or
-- `path like 'a%'`, and so of directory. Of two tables that are joined by path it counts for both.
create function thule_internal.asked(statement text, schemas name[], relation text) returns table (about text, how text, wanted text[])
language plpgsql stable parallel safe rows 1
as $$
declare
    words    text[] := thule_internal.asked_words(statement);
    whole    text;
    starts   integer := array_position(words, 'from');
    asks     integer := array_position(words, 'where');
    depth    integer := 0;
    i        integer;
    named    text[];
    next     integer;
begin
    if words[1] = 'explain' then
        words[1] := '';
    end if;
    whole := ' ' || array_to_string(array(select case when w ~ '^''' then '?' else w end from unnest(words) w), ' ') || ' ';
    if asks is null or starts is null or asks < starts or whole !~ E'^ (?: (?:\\( [a-z ,]+ \\) |analyze |verbose )*)?select '
        or (select count(*) > 1 from unnest(words) w where w in ('select', 'with', 'values', 'table')) or whole ~ E' (from|where) .* \\1 '
        or whole ~ ' (union|intersect|except|into|tablesample|lateral|case|between|having|window) ' or whole ~ ' ; +[^ ]' then
        return;
    end if;
    -- Names by which a condition is about this table: its own, none, and that of a table that it is joined with by path.
    select array_append(array_agg(f.alias), '') into named
    from thule_internal.asked_from(words[starts + 1 : asks - 1], schemas) f
    where f.relation = asked.relation or f.linked
    having count(*) filter (where f.relation = asked.relation) = 1;
    if named is null then
        return;
    end if;
    for i in asks + 1 .. cardinality(words) loop
        depth := depth + case words[i] when '(' then 1 when ')' then -1 else 0 end;
        if depth = 0 and words[i] = 'or' then
            return;
        end if;
    end loop;
    for i in asks .. cardinality(words) loop
        depth := depth + case words[i] when '(' then 1 when ')' then -1 else 0 end;
        continue when depth <> 0 or words[i] not in ('where', 'and');
        next := i + case when words[i + 2] = '.' then 3 else 1 end;
        continue when words[next] not in ('path', 'directory') or not case when next = i + 3 then words[i + 1] else '' end = any (named);
        about := words[next];
        how := case words[next + 1] when 'in' then '=' else words[next + 1] end;
        if words[next + 1] in ('=', 'like') then
            wanted := array[words[next + 2]];
            next := next + 3;
        elsif words[next + 1] = 'in' and words[next + 2] = '(' then
            wanted := '{}';
            next := next + 2;
            while words[next] in ('(', ',') loop
                wanted := wanted || words[next + 1];
                next := next + 2;
            end loop;
            continue when words[next] <> ')';
            next := next + 1;
        else
            continue;
        end if;
        continue when coalesce(words[next] not in ('and', 'order', 'group', 'limit', ';'), false)
            or exists (select from unnest(wanted) w where w is null or w !~ '^''');
        wanted := array(select replace(substr(w, 2, length(w) - 2), '''''', '''') from unnest(wanted) w);
        return next;
    end loop;
end
$$;
