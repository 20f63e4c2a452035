-- What users and groups are called on hosts that had the filesystem mounted for writing: their /etc/passwd and /etc/group, as of the
-- last mount. Who is gone from there stays here, because the past has files of theirs.
-- What each column is: comments/account.sql.
create table thule.account (
    is_group boolean not null,
    id       bigint not null,
    host     text not null,
    name     text not null,
    seen     timestamptz not null default now(),
    primary key (is_group, id, host),
    constraint account_id check (id >= 0 and name <> '')
);
