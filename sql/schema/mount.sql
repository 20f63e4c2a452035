-- Daemons that have or had this filesystem mounted.
create table thule.mount (
    id         bigint generated always as identity (start with 2) primary key, -- 1 made the filesystem
    host       text not null,
    boot_id    text not null,
    pid        integer not null,
    mountpoint text not null,
    source     text not null,              -- as it stands in /proc/mounts
    options    text not null,
    version    text not null,
    read_only  boolean not null,           -- it shows the past, and never has the lease
    backend    integer not null,           -- pg_backend_pid() of the session that holds the lease
    device     bigint,                     -- minor number of what the kernel mounted; null: not mounted yet
    mounted_at timestamptz not null default now(),
    ended_at   timestamptz,                -- null: mounted, or died
    last_op    bigint not null default 0   -- last op of this mount that is committed
) with (fillfactor = 50);
