-- What an inode is, from the type bits of its st_mode (inode(7)).
-- Parameters: mode, st_mode.
-- Returns: 'file', 'directory', 'symlink', 'fifo', 'socket', 'char' or 'block'; null for none of these.
-- Tables touched: none.
create function thule.mode_kind(mode integer) returns text
language sql immutable parallel safe
return case mode & 61440
    when 32768 then 'file'
    when 16384 then 'directory'
    when 40960 then 'symlink'
    when 4096 then 'fifo'
    when 49152 then 'socket'
    when 8192 then 'char'
    when 24576 then 'block'
end;

comment on function thule.mode_kind(integer) is
    'Type of an inode from its st_mode: file, directory, symlink, fifo, socket, char or block; NULL: none of these. Example: select thule.mode_kind(mode), count(*) from thule.inode group by 1;';
