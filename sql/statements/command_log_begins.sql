-- thule log: from which op on the log is whole; null: since $1, an instant, or null.
select thule_internal.log_lacks(thule.instant($1::text))
