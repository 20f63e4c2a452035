-- thule prune: $1 the horizon.
select thule.prune_begin($1::bigint)
