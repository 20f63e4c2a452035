comment on table thule.op is
    'The log: one row for each operation that changed something, in order, never updated. thule.change shows it with paths and processes.';
comment on column thule.op.op is 'Number of the op, as in op:N. Grows in the order in which things happened.';
comment on column thule.op.at is 'When it happened; file times that the op set to now have this value. Grows with op, unless the clock was set back: thule.clock_step.';
comment on column thule.op.ino is 'Inode that it was done to.';
comment on column thule.op.parent is 'Directory of the name that it was done through; NULL: it was done through an open file or by inode.';
comment on column thule.op.new_parent is 'Directory of the new name, of rename, exchange and link; NULL for other kinds.';
comment on column thule.op.off is 'First byte of write, fallocate and copy_range; the new size of truncate, in bytes. NULL for other kinds.';
comment on column thule.op.len is 'Number of bytes of write, fallocate, copy_range, and of the value of setxattr. NULL for other kinds.';
comment on column thule.op.actor is 'Process that asked for it: thule.actor.id.';
comment on column thule.op.mount is 'Mount that it was done through: thule.mount.id.';
comment on column thule.op.kind is 'What was done: thule.op_kind.id.';
comment on column thule.op.deferred is 'The kernel did it by itself later, such as writing back a memory mapping: actor is who opened the file.';
comment on column thule.op.name is 'Name in parent that it was done through, as bytes; of setxattr and removexattr the name of the attribute. NULL: none.';
comment on column thule.op.new_name is 'New name in new_parent, as bytes; NULL where there is no new_parent.';
comment on column thule.op.tag is 'Tag of the process: that of thule run --tag, or undo:N, restore:N or erase:N with the id of thule.request. NULL: none.';

comment on table thule.clock_step is
    'Where the clock of the mount was set back by more than a second: from this op on, times are those of the corrected clock.';
comment on column thule.clock_step.op is 'The first op after the clock was set back.';
comment on column thule.clock_step.at is 'Time of that op.';
comment on column thule.clock_step.was is 'Time of the op before it; NULL: the log does not have that op.';

comment on table thule.op_kind is 'Kinds of op, with their names.';
comment on column thule.op_kind.id is 'Number of the kind: thule.op.kind.';
comment on column thule.op_kind.name is 'Name of the kind, as thule.change shows it and thule log --kind takes it.';
comment on column thule.op_kind.makes_inode is 'The inode is new.';
comment on column thule.op_kind.removes_name is 'The inode loses the name.';
comment on column thule.op_kind.replaces is 'What had the new name loses it.';
comment on column thule.op_kind.changes_bytes is 'It may change the bytes or the size of a file.';
comment on column thule.op_kind.has_range is 'thule.op.off says which bytes, with len unless to_end.';
comment on column thule.op_kind.to_end is 'thule.op.off is the new size of the file.';
comment on column thule.op_kind.makes_holes is 'It may turn bytes into a hole.';
comment on column thule.op_kind.stores_len is 'It writes thule.op.len bytes to the database.';
comment on column thule.op_kind.sets_mode is 'It may set the mode.';
comment on column thule.op_kind.sets_owner is 'It may set user and group.';
comment on column thule.op_kind.sets_size is 'It may set the size.';
comment on column thule.op_kind.sets_times is 'It may set atime and mtime to values that somebody chose.';
comment on column thule.op_kind.sets_flags is 'It sets the flags of chattr(1).';
comment on column thule.op_kind.changes_xattr is 'It sets or removes the extended attribute thule.op.name.';
comment on column thule.op_kind.can_be_undone is 'thule undo takes it back.';
comment on column thule.op_kind.changes_attributes is 'It changes mode, owner, times, flags or an extended attribute.';
