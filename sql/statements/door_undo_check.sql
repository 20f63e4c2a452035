-- Plans the undo that a user ($2, as of thule_internal.permits) asks for ($1), so that what is refused, or takes too long, does not hold the mount up.
select count(*) from thule_internal.undo_plan(thule_internal.viewer_args($1::jsonb, $2::bigint[]))
