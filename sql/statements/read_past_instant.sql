-- The op that an instant ($1), as people type it, stands for; null for what is none.
select thule.try_instant_op($1::bytea)
