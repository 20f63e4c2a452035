-- Which blob holds which bytes of a file. Extents of a file never overlap; what no extent covers is zeros.
-- An extent is at most 128 KiB long, so a lookup by offset has a bounded range to search.
-- Overwriting cuts the old extent: the overwritten piece ends in extent_history, what is left keeps the op
-- that wrote it, and no byte is copied.
create table thule.extent (
    ino        bigint not null,
    file_off   bigint not null,            -- bytes from the start of the file
    len        bigint not null,            -- bytes, > 0
    blob       bigint not null,
    blob_off   bigint not null,            -- bytes from the start of the blob
    op_from    bigint not null,
    valid_from timestamptz not null,
    op_to      bigint not null default 9223372036854775807,
    valid_to   timestamptz not null default 'infinity',
    primary key (ino, file_off),
    constraint extent_numbers check (ino between 1 and 1099511627775 and len between 1 and 131072
        and file_off between 0 and 9223372036854771712 - len and blob >= 1 and blob_off between 0 and 131072 - len)
);

-- Who refers to a blob: asked before one is freed. Blob ids grow, so new entries go to the end of the index.
create index extent_blob on thule.extent (blob);

create table thule.extent_history (like thule.extent including defaults including constraints);
alter table thule.extent_history replica identity full;
create index extent_history_ino on thule.extent_history (ino, file_off, op_from);
create index extent_history_blob on thule.extent_history (blob);
create index extent_history_op_to on thule.extent_history using brin (op_to) with (autosummarize = on);
