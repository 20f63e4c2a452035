comment on table thule.sql_write is
    'Transactions of SQL that change files, one row each from when it has the right to write to just before the commit: others always see it empty.';
comment on column thule.sql_write.xact is 'Transaction, as pg_current_xact_id() tells it.';
comment on column thule.sql_write.role is 'Role that called a function last which changes files.';
comment on column thule.sql_write.viewer is 'As whom that role changes files: user id, group id and further groups; NULL: no rules apply.';
comment on column thule.sql_write.actor is 'Session as who makes ops: thule.actor.id; NULL: the log does not know it yet.';
comment on column thule.sql_write.mount is 'Mount that its ops have: thule.op.mount; NULL: the log does not know the actor yet.';
comment on column thule.sql_write.first_op is 'The first op that it may make: all from that on are its own.';
comment on column thule.sql_write.next_ino is 'Inode number that its first op may use; that of another op is as much larger as the op is.';
