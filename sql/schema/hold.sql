-- Files whose past is not to be lost, whatever prune and erase are asked: of a directory also everything that is
-- or ever was in it.
-- What each column is: comments/hold.sql.
create table thule.hold (
    ino     bigint primary key,
    path    text not null,
    created timestamptz not null default now(),
    by      text not null,
    reason  text,
    constraint hold_ino check (ino between 1 and 1099511627775)
);
