-- What is live in a mount that writes: its daemon publishes here what it is asked for too rarely to be logged. Lost
-- in a crash of the server, and published again. thule.file_lock, thule.open_file, thule.latency,
-- thule.request_wait and the views thule.live_* show those of mounts that live.
-- What each column is: comments/live.sql.
create unlogged table thule.live_lock (
    mount      bigint not null,
    ino        bigint not null,
    kind       smallint not null,
    writes     boolean not null,
    waiting    boolean not null,
    first_byte bigint not null,
    last_byte  bigint,
    pid        integer,
    comm       text,
    constraint live_lock_range check (kind between 0 and 3 and first_byte >= 0 and last_byte >= first_byte)
);
create unlogged table thule.live_handle (
    mount      bigint not null,
    fh         bigint not null,
    ino        bigint not null,
    flags      integer not null,
    pid        integer,
    comm       text,
    actor      bigint,
    since      timestamptz not null,
    primary key (mount, fh)
);
create unlogged table thule.live_request (
    mount      bigint not null,
    request    bigint not null,
    operation  text not null,
    ino        bigint not null,
    name       bytea,
    pid        integer,
    comm       text,
    uid        bigint not null,
    state      text not null,
    waits_for  text not null,
    since      timestamptz not null,
    primary key (mount, request)
);
create unlogged table thule.live_latency (
    mount     bigint not null,
    operation text not null,
    phase     text not null,
    part      text not null,
    count     bigint not null,
    total_ns  bigint not null,
    p50_ns    bigint not null,
    p90_ns    bigint not null,
    p99_ns    bigint not null,
    max_ns    bigint not null,
    at        timestamptz not null,
    primary key (mount, operation, phase)
);
create unlogged table thule.live_report (
    mount bigint not null,
    topic integer not null,
    lines text not null,
    at    timestamptz not null,
    primary key (mount, topic)
);
