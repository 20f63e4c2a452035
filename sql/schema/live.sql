-- What is live in a mount that writes: its daemon publishes here what it is asked for too rarely to be logged. Lost
-- in a crash of the server, and published again. thule.file_lock and thule.open_file show those of mounts that live.
create unlogged table thule.live_lock (
    mount      bigint not null,            -- thule.mount
    ino        bigint not null,
    kind       smallint not null,          -- 0 posix, 1 ofd, 2 flock, 3 lease
    writes     boolean not null,           -- exclusive; else shared
    waiting    boolean not null,           -- not granted yet
    first_byte bigint not null,
    last_byte  bigint,                     -- null: to the end of the file, however long it gets
    pid        integer,                    -- null: not known
    comm       text
);
create unlogged table thule.live_handle (
    mount      bigint not null,
    fh         bigint not null,            -- number of the open file in the daemon
    ino        bigint not null,
    flags      integer not null,           -- of open(2)
    pid        integer,                    -- who opened it; null: not known
    comm       text,
    actor      bigint,                     -- thule.actor, once it has changed something
    since      timestamptz not null,
    primary key (mount, fh)
);
