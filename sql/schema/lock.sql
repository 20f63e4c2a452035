-- What keeps sessions apart. A role that may merely connect can hold any advisory lock it likes, and everyone sees the keys
-- of those that are held; so nothing waits for one, and who has the lease is not told by its key alone: see sql/README.md.
-- What each column is: comments/lock.sql.

-- The advisory lock of the lease has the keys (1953003884, key); the key is another one each time the lease is taken
-- (thule_internal.lease_take).
create table thule.lease (
    one boolean primary key default true check (one),
    key integer not null
);
insert into thule.lease (key) values (1);

-- Has no rows: it is locked, alone or shared, by what deletes from the past or refers to it anew (thule_internal.history_alone,
-- thule_internal.history_shared). That needs the right to write the table.
create table thule.history_lock ();

-- Has no rows: whoever writes by SQL locks it alone before thule.lease, so that the session which lent the right to write is the next after each
-- of them (thule_internal.write_begin). That needs the right to write the table.
create table thule.write_queue ();

-- Locks on files of mounts with locks=cluster, held and waited for. A session that has some holds the advisory lock with the keys
-- (1953003884, session), so they are true as long as it does (thule_internal.lock_sessions). Unlogged: a crash of the server ends every session,
-- and with it their locks.
create unlogged table thule.lock_session (
    session integer primary key,
    mount   bigint not null
);
create unlogged table thule.cluster_lock (
    session    integer not null,
    ino        bigint not null,
    flock      boolean not null,
    owner      bigint not null,
    writes     boolean not null,
    first_byte bigint not null,
    last_byte  bigint not null,
    pid        integer,
    request    bigint,
    constraint cluster_lock_range check (first_byte >= 0 and last_byte >= first_byte)
);
create index cluster_lock_ino on thule.cluster_lock (ino);
create index cluster_lock_session on thule.cluster_lock (session, owner);

-- Has no rows: whoever takes or releases a lock on a file locks it alone, so that no two requests are both granted. That needs the right to write the table.
create table thule.lock_queue ();
