-- Plans the undo that a user ($2, as of thule.permits) asks for ($1), so that what is refused, or takes too long, does not hold the mount up.
select count(*) from thule.undo_plan(thule.viewer_args($1::jsonb, $2::bigint[]))
