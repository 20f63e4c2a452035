-- Names. The root directory is inode 1 and has none. A directory has exactly one name.
create table thule.dirent (
    parent     bigint not null,
    name       bytea not null,
    ino        bigint not null,
    cookie     bigint not null,            -- the entry's offset in its directory: > 2, unique in it; a rename in it keeps it
    op_from    bigint not null,
    valid_from timestamptz not null,
    op_to      bigint not null default 9223372036854775807,
    valid_to   timestamptz not null default 'infinity',
    primary key (parent, name),
    constraint dirent_name check (octet_length(name) between 1 and 255 and name not in ('\x2e', '\x2e2e')
        and position('\x2f'::bytea in name) = 0 and position('\x00'::bytea in name) = 0),
    constraint dirent_numbers check (parent between 1 and 1099511627775 and ino between 1 and 1099511627775
        and cookie >= 3)
);
create index dirent_ino on thule.dirent (ino);
-- Listings go by the cookie; with a million names, a page of them at a time.
create index dirent_cookie on thule.dirent (parent, cookie);

create table thule.dirent_history (like thule.dirent including defaults including constraints);
alter table thule.dirent_history replica identity full;
create index dirent_history_parent on thule.dirent_history (parent, name, op_from);
create index dirent_history_ino on thule.dirent_history (ino, op_from);
create index dirent_history_op_to on thule.dirent_history using brin (op_to) with (autosummarize = on);
