-- Makes a directory, as mkdir(2).
-- Parameters: path, or parent and name; mode, of which the lower nine bits and the sticky one count: there is no umask. Returns: ino.
-- Errors: those of thule_internal.write_begin, write_walk and write_make. Tables touched: those of thule_internal.write_make (written).
create function thule.mkdir(parent bigint, name bytea, mode integer default 493) returns bigint
language plpgsql
as $$
begin
    return thule_internal.write_make('mkdir', parent, name, thule_internal.type_bits('directory') | (thule_internal.write_mode(mode) & 1023), 0, null,
        thule_internal.write_begin());
end
$$;

comment on function thule.mkdir(bigint, bytea, integer) is
    'Makes a directory in a directory given by its inode; returns the inode. The mode is a number: 493, the default, is octal 0755. Example: select thule.mkdir(42, ''sub'');';

create function thule.mkdir(path text, mode integer default 493) returns bigint
language plpgsql
as $$
declare
    p record;
begin
    p := thule_internal.write_place(path, thule_internal.write_begin(), 'EEXIST', 'EEXIST', 'EEXIST');
    return thule.mkdir(p.dir, p.name, mode);
end
$$;

comment on function thule.mkdir(text, integer) is
    'Makes a directory; returns the inode. The mode is a number: 493, the default, is octal 0755. Example: select thule.mkdir(''/a/sub'');';

create function thule.mkdir(path text, mode text) returns bigint
language sql
return thule.mkdir(path, thule_internal.write_octal(mode));

comment on function thule.mkdir(text, text) is
    'thule.mkdir with the mode in octal, as text that begins with 0. Example: select thule.mkdir(''/a/b'', ''0755'');';
