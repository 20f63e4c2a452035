-- thule snapshot delete: $1 name.
select thule_internal.snapshot_delete($1::text)
