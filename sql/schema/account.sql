-- What users and groups are called on hosts that had the filesystem mounted for writing: their /etc/passwd and /etc/group, as of the
-- last mount. Who is gone from there stays here, because the past has files of theirs.
create table thule.account (
    is_group boolean not null,
    id       bigint not null,              -- uid or gid
    host     text not null,
    name     text not null,
    seen     timestamptz not null default now(),
    primary key (is_group, id, host)
);
