-- The words, literals and signs of a statement.
-- Parameters: statement.
-- Returns: text[], words in lower case; null where it has anything whose meaning would have to be known: parameters, quoted names, comments, backslashes,
--   other characters outside of literals than SQL needs; or is longer than people write.
-- Tables touched: none.
create function thule_internal.asked_words(statement text) returns text[]
language sql immutable strict parallel safe
begin atomic
    select case when length(statement) <= 10000 and count(*) > 0
            and sum(length(w.word[1])) = length(statement) and not bool_or(w.word[1] ~ '^(--|/\*)' or w.word[1] ~ '^[^''].*(--|/\*)')
        then array_agg(case when w.word[1] ~ '^''' then w.word[1] else lower(w.word[1]) end order by w.n) filter (where w.word[1] !~ '^\s') end
    from regexp_matches(statement, '''(?:[^''\\]|'''')*''|[a-z_][a-z_0-9]*|[0-9]+|\s+|[-+*/%<>=!|&~]+|[(),.;:\[\]]', 'gi') with ordinality w (word, n);
end;
