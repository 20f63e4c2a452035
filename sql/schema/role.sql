-- Roles of the database that see the filesystem as a user of the mount does, or all of it but its bytes: thule_internal.role_grant.
-- What each column is: comments/role.sql.
create table thule.role (
    role   text primary key,
    kind   text not null,
    uid    bigint,
    gid    bigint,
    groups bigint[] not null default '{}',
    set_at timestamptz not null default now(),
    set_by text not null,
    constraint role_kind check (kind in ('reader', 'writer', 'auditor')),
    constraint role_user check (case kind when 'auditor' then num_nonnulls(uid, gid) = 0 and groups = '{}' else num_nulls(uid, gid) = 0 end),
    constraint role_ids check (uid between 0 and 4294967294 and gid between 0 and 4294967294)
);
