-- thule prune --dry-run: $1 the horizon; $2 inodes, null: all.
select inodes, names, extents, attributes, blobs, bytes from thule_internal.prune_preview($1::bigint, $2::bigint[])
