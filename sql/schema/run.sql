-- Runs of `thule run --atomic`: all or nothing. One that has no end and whose keeper is dead is undone by the next
-- mount, and only then has an end.
-- What each column is: comments/run.sql.
create table thule.run (
    id         text primary key,
    tag        text not null,
    command    text not null,
    host       text not null,
    boot_id    text not null,
    pid        integer not null,
    pid_ns     bigint not null,
    start_time bigint not null,
    time_ns    bigint not null,
    started_at timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,
    status     integer,
    constraint run_numbers check (pid >= 0 and pid_ns >= 0 and start_time >= 0 and time_ns >= 0 and status between 0 and 255)
);
create index run_open on thule.run (id) where ended_at is null;
