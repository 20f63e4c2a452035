-- How many ops an undo, or changes of how many files a restore would take back. $1 the kind of request, $2 its arguments; $3 who
-- asks, where it is a user at the door, or null.
select thule_internal.request_reach(case when $3::bigint[] is null then $1::text else 'undo' end, thule_internal.viewer_args($2::jsonb, $3))
