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
