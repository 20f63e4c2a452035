-- Daemons that have or had this filesystem mounted.
-- What each column is: comments/mount.sql.
create table thule.mount (
    id         bigint generated always as identity (start with 2) primary key,
    host       text not null,
    boot_id    text not null,
    pid        integer not null,
    mountpoint text not null,
    source     text not null,
    options    text not null,
    version    text not null,
    read_only  boolean not null,
    backend    integer not null,
    device     bigint,
    mounted_at timestamptz not null default now(),
    ended_at   timestamptz,
    last_op    bigint not null default 0,
    constraint mount_numbers check (id >= 1 and pid >= 0 and device >= 0 and last_op >= 0)
) with (fillfactor = 50);
