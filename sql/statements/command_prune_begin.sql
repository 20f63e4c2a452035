-- thule prune: $1 the horizon.
select thule_internal.prune_begin($1::bigint)
