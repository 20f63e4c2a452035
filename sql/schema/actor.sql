-- Processes that changed something. id is the id of the first op of theirs.
-- Text from /proc is UTF-8 with \xNN for bytes that are not.
create table thule.actor (
    id         bigint not null,
    host       text not null,
    boot_id    text not null,
    pid        integer not null,           -- thread group; 0: the kernel itself
    start_time bigint not null,            -- clock ticks after boot, field 22 of proc(5) stat
    ppid       integer not null,
    uid        bigint not null,            -- filesystem uid and gid of the request
    gid        bigint not null,
    loginuid   bigint,                     -- null: none set
    exe        text not null,              -- as the kernel names it
    comm       text not null,
    cmdline    text not null,
    cgroup     text not null,
    username   text,                       -- of uid on that host; null: it had no name there
    session    integer not null default 0, -- session id, setsid(2)
    cwd        text not null default '',
    chain      text not null default '',   -- parent first, up to the login or service: comm[pid] <- comm[pid]
    unit       text not null default '',   -- of cgroup: systemd's unit, or a container as docker:ID, lxc:NAME
    tag        text,                       -- of `thule run --tag`; null: none
    run        text,                       -- which run of it: a UUID; set where tag is
    -- Facts of the kernel: pid, start_time, ppid, uid, gid, loginuid, session, cgroup. What the process itself, or who
    -- made its surroundings, may have chosen: comm, cmdline, cwd, tag, and exe unless exe_seen.
    exe_seen    boolean,                   -- the file that ran is the one that the daemon sees at exe; false: another, as in
                                           -- a container or mount namespace; null: not known
    exe_deleted boolean not null default false, -- the file of that name was removed or replaced while it ran
    incomplete  boolean not null default false, -- something could not be read: texts that are '' may be missing
    primary key (id)
);
create index actor_run on thule.actor (run) where run is not null;
-- What a uid is called: thule.username.
create index actor_username on thule.actor (uid, id) where username is not null;
