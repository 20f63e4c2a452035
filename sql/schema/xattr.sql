-- What each column is: comments/xattr.sql.
create table thule.xattr (
    ino        bigint not null,
    name       bytea not null,
    value      bytea not null,
    op_from    bigint not null,
    valid_from timestamptz not null,
    op_to      bigint not null default 9223372036854775807,
    valid_to   timestamptz not null default 'infinity',
    primary key (ino, name),
    constraint xattr_text check (octet_length(name) between 1 and 255 and position('\x00'::bytea in name) = 0
        and octet_length(value) <= 65536)
);

create table thule.xattr_history (like thule.xattr including defaults including constraints);
alter table thule.xattr_history replica identity full;
create index xattr_history_ino on thule.xattr_history (ino, name, op_from);
create index xattr_history_op_to on thule.xattr_history using brin (op_to) with (autosummarize = on);
alter table thule.xattr alter column value set statistics 0;           -- see thule.blob
alter table thule.xattr_history alter column value set statistics 0;
