comment on table thule.superblock is
    'One row: the identity of the filesystem, and how far its ids have been handed out. Updated in the transaction of each batch.';
comment on column thule.superblock.uuid is 'Identity of the filesystem. A journal is replayed into the filesystem with its uuid alone.';
comment on column thule.superblock.schema_version is 'Version of the tables. thule upgrade raises it.';
comment on column thule.superblock.created is 'When the filesystem was made.';
comment on column thule.superblock.next_op is 'First op id not yet used.';
comment on column thule.superblock.next_ino is 'First inode number not yet used.';
comment on column thule.superblock.next_blob is 'First blob id not yet used.';
comment on column thule.superblock.pruned_op is 'Oldest op whose state is kept, snapshots and holds excepted; 0: nothing was pruned.';
comment on column thule.superblock.pruned_before is 'Time of pruned_op; NULL: nothing was pruned.';
comment on column thule.superblock.pruned_at is 'When thule prune last deleted the past of all files; NULL: never.';
comment on column thule.superblock.swept_op is 'Up to which op a prune has deleted what pruned_op declares gone; less than pruned_op: thule prune goes on there.';
comment on column thule.superblock.log_op is 'thule.op is whole from this op on, and may lack earlier ones; 0: it lacks none.';
comment on column thule.superblock.mount is 'Mount that committed the last batch: thule.mount.id.';
comment on column thule.superblock.mount_op is 'Last op of that mount that is committed; 0: none.';
