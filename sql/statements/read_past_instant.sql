-- The op that an instant ($1), as people type it, stands for.
select thule.instant_op($1::text)
