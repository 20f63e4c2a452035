-- Files whose past is not to be lost, whatever prune and erase are asked: of a directory also everything that is
-- or ever was in it.
create table thule.hold (
    ino     bigint primary key,
    path    text not null,                 -- as it was given, escaped
    created timestamptz not null default now(),
    by      text not null,
    reason  text
);
