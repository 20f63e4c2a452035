comment on table thule.lease is
    'One row: the second key of the advisory lock that the mount with the right to write holds. Drawn anew each time the lease is taken.';
comment on column thule.lease.one is 'Always true, so that there is one row.';
comment on column thule.lease.key is 'Second key of the advisory lock (1953003884, key), as pg_locks shows it in objid.';
comment on table thule.history_lock is
    'Has no rows and no columns: prune and erase lock it alone; snapshot, hold, restore and undo share it.';
