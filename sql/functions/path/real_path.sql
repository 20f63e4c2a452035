-- A path without symbolic links, as it was once an op had happened. The last name is not followed.
-- Parameters: path, absolute and escaped; at_op, an op (2^63-1: the present).
-- Returns: the path, escaped: as far as it was there, and then the names that are left. Tables touched: those of thule_internal.walk_at_op (read).
create function thule_internal.real_path(path text, at_op bigint) returns text
language sql stable parallel safe cost 500
begin atomic
    select coalesce(nullif(w.place, ''), '/') from thule_internal.walk_at_op(path, at_op) w where path is not null;
end;
