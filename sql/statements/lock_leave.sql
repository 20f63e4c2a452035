-- The session $1 waits no longer with its request $2 (null: it ends, with all its locks).
select thule_internal.lock_leave($1::integer, $2::bigint)
