-- What asks whoever holds the lease to count quotas again, where what was pruned counts for one; else no row.
select '{"action": "count"}' where exists (select from thule.quota q where q.history_limit is not null)
