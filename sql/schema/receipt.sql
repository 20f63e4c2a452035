-- What was erased: all that is left of it, besides the log.
create table thule.receipt (
    id        bigint generated always as identity primary key,
    erased_at timestamptz not null default now(),
    path      text not null,               -- as it was given, escaped
    by        text not null,
    files     bigint[] not null,           -- inode numbers: all files that had the path and are nowhere else
    names     integer not null,            -- names that were taken from them, in the present
    versions  bigint not null,             -- of inodes and of ranges of bytes, present ones included
    blobs     bigint not null,             -- that were freed
    bytes     bigint not null,             -- that these held, and that were cleared in shared ones
    shared    bigint not null,             -- blobs that stay, because other files have them, too
    size      bigint not null,             -- of the last content
    sha256    bytea                        -- of the last content; null: of no regular file, or of more than 1 GB
);
