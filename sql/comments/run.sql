comment on table thule.run is
    'Runs of thule run --atomic, all or nothing: one that failed is undone. One that has no end and whose keeper is dead is undone by the next mount.';
comment on column thule.run.id is 'A UUID: thule.actor.run of its processes.';
comment on column thule.run.tag is 'Tag of its ops.';
comment on column thule.run.command is 'Command line that was run.';
comment on column thule.run.host is 'Host name of the machine that it runs on.';
comment on column thule.run.boot_id is 'Boot of that machine: /proc/sys/kernel/random/boot_id.';
comment on column thule.run.pid is 'Process id of its keeper, the process that undoes it when it fails.';
comment on column thule.run.pid_ns is 'Namespace in which that is its process id, by inode number; 0: not known.';
comment on column thule.run.start_time is 'When the keeper started, in clock ticks after boot.';
comment on column thule.run.time_ns is 'Time namespace that start_time counts in, by inode number; 0: not known.';
comment on column thule.run.started_at is 'When it began.';
comment on column thule.run.ended_at is 'When it was over, or undone; NULL: it runs, or its keeper died.';
comment on column thule.run.status is 'Exit status of the command, 128 + N where signal N ended it; NULL: it runs, or the status is not known.';
