-- thule snapshot rename: $1 name, $2 its new name.
select thule_internal.snapshot_rename($1::text, $2::text)
