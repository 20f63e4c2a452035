-- Runs of `thule run --atomic`: all or nothing. One that has no end and whose keeper is dead is undone by the next
-- mount, and only then has an end.
create table thule.run (
    id         text primary key,           -- a UUID, as in thule.actor.run
    tag        text not null,
    command    text not null,
    host       text not null,              -- of its keeper: tools/keeper.h
    boot_id    text not null,
    pid        integer not null,
    pid_ns     bigint not null,            -- in which namespace that is its pid, by inode number (fs/base/ns.h); 0: not known
    start_time bigint not null,            -- clock ticks after boot
    time_ns    bigint not null,            -- in which time namespace
    started_at timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,                -- null: it runs, or its keeper died
    status     integer                     -- of the command: exit status, 128 + N for signal N; null: it is not known
);
create index run_open on thule.run (id) where ended_at is null;
