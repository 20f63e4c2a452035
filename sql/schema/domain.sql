-- What one value of a table can be, as types of columns. PostgreSQL parses and prepares the CHECK constraints of a table anew for each
-- statement that writes to it, and those of a domain once in a session: where a statement brings one row, as for an fsync, constraints were a
-- third of the server's time. So tables that each batch writes have no constraints, and what takes two columns is found by thule.fsck. Views show
-- the base types, so that functions of users that return rows of them need not know of these.
-- A domain has no name that SQL calls as a function: with one called count, count(x) would be a cast wherever schema thule is searched.
-- What each domain is: comments/domain.sql. Bounds: fs/base/limits.h.
create domain thule.inode_number as bigint constraint inode_number_possible check (value between 1 and 1099511627775);
-- Cookies are twice an op: fs/journal/batch.h.
create domain thule.op_number as bigint constraint op_number_possible check (value between 1 and 4611686018427387903);
create domain thule.kind_number as smallint constraint kind_number_possible check (value >= 1);
create domain thule.row_id as bigint constraint row_id_possible check (value >= 1);
create domain thule.mount_number as integer constraint mount_number_possible check (value >= 1);
create domain thule.amount as bigint constraint amount_possible check (value >= 0);
create domain thule.owner_number as bigint constraint owner_number_possible check (value between 0 and 4294967294);
create domain thule.number32 as bigint constraint number32_possible check (value between 0 and 4294967295);
create domain thule.file_size as bigint constraint file_size_possible check (value between 0 and 9223372036854771712);
create domain thule.file_mode as integer constraint file_mode_possible check (value between 0 and 65535
    and value & 61440 in (4096, 8192, 16384, 24576, 32768, 40960, 49152));
create domain thule.extent_length as bigint constraint extent_length_possible check (value between 1 and 131072);
create domain thule.entry_cookie as bigint constraint entry_cookie_possible check (value >= 3);
create domain thule.entry_name as bytea constraint entry_name_possible check (octet_length(value) between 1 and 255
    and value not in ('\x2e', '\x2e2e') and position('\x2f'::bytea in value) = 0 and position('\x00'::bytea in value) = 0);
create domain thule.link_target as bytea constraint link_target_possible check (octet_length(value) between 1 and 4095
    and position('\x00'::bytea in value) = 0);
create domain thule.blob_bytes as bytea constraint blob_bytes_possible check (octet_length(value) <= 131072);
