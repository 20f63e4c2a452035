-- Files whose past was pruned by itself (thule.prune_inodes) or erased: what they were before an op is not known, although
-- superblock.pruned_op is earlier. Snapshots excepted.
create table thule.pruned_inode (
    ino bigint primary key,
    op  bigint not null
);
