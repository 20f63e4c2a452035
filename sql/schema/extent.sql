-- Which blob holds which bytes of a file. Extents of a file never overlap; what no extent covers is zeros.
-- An extent is at most 128 KiB long, so a lookup by offset has a bounded range to search.
-- Overwriting cuts the old extent: the overwritten piece ends in extent_history, what is left keeps the op
-- that wrote it, and no byte is copied.
-- Its versions have no times of their own, as those of the other tables have: see sql/README.md.
-- What each column is: comments/extent.sql.
create table thule.extent (
    ino        thule.inode_number not null,
    file_off   thule.file_size not null,
    len        thule.extent_length not null,
    blob       thule.row_id not null,
    blob_off   thule.amount not null,
    op_from    bigint not null,
    op_to      bigint not null default 9223372036854775807,
    -- An offset of a file has one row, which thule.fsck checks (extent_overlap). With op_from in the key what is written again and again need not
    -- look at its dead rows: see thule.dirent.
    primary key (ino, file_off, op_from)
);

-- Who refers to a blob: asked before one is freed. Blob ids grow, so new entries go to the end of the index.
create index extent_blob on thule.extent (blob);

create table thule.extent_history (like thule.extent including defaults including constraints);
alter table thule.extent_history replica identity full;
create index extent_history_ino on thule.extent_history (ino, file_off, op_from);
create index extent_history_blob on thule.extent_history (blob);
create index extent_history_op_to on thule.extent_history using brin (op_to) with (autosummarize = on);
