-- A name as text. Printable UTF-8 stays as it is; each byte of a backslash, of a control character (C0, DEL,
-- C1) and of what is not UTF-8 becomes \xNN, two lower-case hex digits. Reversible: see thule.unescape_name.
-- Parameters: name, any bytes.
-- Returns: text; null for null.
-- Tables touched: none.
-- Almost every name is printable ASCII. Answering that case here, without a sub-select, lets the planner put this
-- function's body in place of a call: a quarter off listing a whole tree.
create function thule.escape_name(name bytea) returns text
language sql immutable parallel safe
return case when encode(name, 'escape') !~ '[^ -\[\]-~]' collate "C" then encode(name, 'escape')
    else thule_internal.escape_bytes(name) end;

comment on function thule.escape_name(bytea) is
    'A name as text: printable UTF-8 stays, every byte of a backslash, a control character or of what is not UTF-8 becomes \xNN. Example: select thule.escape_name(name) from thule.dirent;';
