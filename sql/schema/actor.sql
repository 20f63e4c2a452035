-- Processes that changed something. id is the id of the first op of theirs.
-- Text from /proc is UTF-8 with \xNN for bytes that are not.
-- What each column is: comments/actor.sql.
create table thule.actor (
    id         bigint not null,
    host       text not null,
    boot_id    text not null,
    pid        integer not null,
    start_time bigint not null,
    ppid       integer not null,
    uid        bigint not null,
    gid        bigint not null,
    loginuid   bigint,
    exe        text not null,
    comm       text not null,
    cmdline    text not null,
    cgroup     text not null,
    username   text,
    session    integer not null default 0,
    cwd        text not null default '',
    chain      text not null default '',
    unit       text not null default '',
    tag        text,
    run        text,
    -- Facts of the kernel: pid, start_time, ppid, uid, gid, loginuid, session, cgroup. What the process itself, or who
    -- made its surroundings, may have chosen: comm, cmdline, cwd, tag, and exe unless exe_seen.
    exe_seen    boolean,
    exe_deleted boolean not null default false,
    incomplete  boolean not null default false,
    primary key (id),
    constraint actor_numbers check (id >= 1 and pid >= 0 and ppid >= 0 and start_time >= 0 and uid between 0 and 4294967295
        and gid between 0 and 4294967295 and loginuid between 0 and 4294967294),
    constraint actor_run check (run is null or tag is not null)
);
create index actor_run on thule.actor (run) where run is not null;
-- What a uid is called: thule.username.
create index actor_username on thule.actor (uid, id) where username is not null;
