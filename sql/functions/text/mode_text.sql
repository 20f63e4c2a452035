-- Permission bits as chmod(1) takes them: 0644, 4755.
-- Parameters: mode, st_mode or part of it. Returns: text, four octal digits; null for null. Tables touched: none.
create function thule_internal.mode_text(mode integer) returns text
language sql immutable parallel safe
return (mode >> 9 & 7)::text || (mode >> 6 & 7)::text || (mode >> 3 & 7)::text || (mode & 7)::text;
