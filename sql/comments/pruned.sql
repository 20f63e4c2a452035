comment on table thule.pruned_inode is
    'Files whose past was pruned by path (thule prune PATH) or erased: their state before an op is not kept, snapshots excepted.';
comment on column thule.pruned_inode.ino is 'Inode of the file.';
comment on column thule.pruned_inode.op is 'Oldest op whose state is kept of it.';
