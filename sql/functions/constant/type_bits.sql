-- The bits of a mode (inode(7)) that say which kind of inode it is.
-- Parameters: kind, as of thule.mode_kind, whose reverse this is. Returns: bits; null for what is no kind. Tables touched: none.
create function thule_internal.type_bits(kind text) returns integer
language sql immutable parallel safe
return case kind when 'file' then 32768 when 'directory' then 16384 when 'symlink' then 40960 when 'fifo' then 4096 when 'socket' then 49152
    when 'char' then 8192 when 'block' then 24576 end;
