-- What was erased: all that is left of it, besides the log.
-- What each column is: comments/receipt.sql.
create table thule.receipt (
    id        bigint generated always as identity primary key,
    erased_at timestamptz not null default now(),
    path      text not null,
    by        text not null,
    files     bigint[] not null,
    names     integer not null,
    versions  bigint not null,
    blobs     bigint not null,
    bytes     bigint not null,
    shared    bigint not null,
    size      bigint not null,
    sha256    bytea,                       -- of the last content; null: of no regular file, or of more than 1 GB
    constraint receipt_numbers check (names >= 0 and versions >= 0 and blobs >= 0 and bytes >= 0 and shared >= 0 and size >= 0
        and octet_length(sha256) = 32)
);
