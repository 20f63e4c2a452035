-- thule prune --ops: the next step, which looks at $1 ops.
select ops, actors, log_done as done from thule_internal.prune_log($1::integer)
