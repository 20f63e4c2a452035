-- thule prune PATH: versions of the inodes $1 that ended by op $2.
select inodes, names, extents, attributes, blobs, bytes from thule_internal.prune_inodes($1::bigint[], $2::bigint)
