-- Files whose past was pruned by itself (thule_internal.prune_inodes) or erased: what they were before an op is not known, although
-- superblock.pruned_op is earlier. Snapshots excepted.
-- What each column is: comments/pruned.sql.
create table thule.pruned_inode (
    ino bigint primary key,
    op  bigint not null,
    constraint pruned_inode_numbers check (ino between 1 and 1099511627775 and op >= 1)
);
