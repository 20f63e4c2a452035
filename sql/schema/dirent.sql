-- Names. The root directory is inode 1 and has none. A directory has exactly one name.
-- What each column is: comments/dirent.sql.
create table thule.dirent (
    parent     thule.inode_number not null,
    name       thule.entry_name not null,
    ino        thule.inode_number not null,
    cookie     thule.entry_cookie not null,
    op_from    bigint not null,
    valid_from timestamptz not null,
    op_to      bigint not null default 9223372036854775807,
    valid_to   timestamptz not null default 'infinity',
    -- A name of a directory has one row, which thule.fsck checks (version_overlap). With op_from in the key an insert need not look at the dead rows that an old
    -- snapshot keeps of a name that comes and goes, as the journal of sqlite does: they would all be looked at, each time.
    primary key (parent, name, op_from)
);
create index dirent_ino on thule.dirent (ino);
-- Listings go by the cookie; with a million names, a page of them at a time.
create index dirent_cookie on thule.dirent (parent, cookie);

create table thule.dirent_history (like thule.dirent including defaults including constraints);
alter table thule.dirent_history replica identity full;
create index dirent_history_parent on thule.dirent_history (parent, name, op_from);
-- Listings of the past go by the cookie as well: as many pages, and each found as quickly.
create index dirent_history_cookie on thule.dirent_history (parent, cookie);
create index dirent_history_ino on thule.dirent_history (ino, op_from);
create index dirent_history_op_to on thule.dirent_history using brin (op_to) with (autosummarize = on);
