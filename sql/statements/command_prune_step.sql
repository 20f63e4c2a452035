-- thule prune: the next step, of about $1 versions of a kind.
select p.inodes, p.names, p.extents, p.attributes, p.blobs, p.bytes, p.done,
    case when s.pruned_op > 0 then 100 * p.swept / s.pruned_op else 100 end as percent
from thule_internal.prune_step($1::integer) p
cross join thule.superblock s
