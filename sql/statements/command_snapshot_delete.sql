-- thule snapshot delete: $1 name.
select thule.snapshot_delete($1::text)
