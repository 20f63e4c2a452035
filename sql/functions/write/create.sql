-- Makes an empty file, as open(2) with O_CREAT and O_EXCL.
-- Parameters: path, or parent and name; mode, of which the lower twelve bits count: there is no umask. Returns: ino.
-- Errors: those of thule_internal.write_begin, write_walk and write_make. Tables touched: those of thule_internal.write_make (written).
create function thule.create(parent bigint, name bytea, mode integer default 420) returns bigint
language plpgsql
as $$
begin
    return thule_internal.write_make('create', parent, name, thule_internal.type_bits('file') | thule_internal.write_mode(mode), 0, null,
        thule_internal.write_begin());
end
$$;

comment on function thule.create(bigint, bytea, integer) is
    'Makes an empty file in a directory given by its inode; returns the inode. Something of that name is an error. The mode is a number: 420, the default, is octal 0644. Example: select thule.create(42, ''b'');';

create function thule.create(path text, mode integer default 420) returns bigint
language plpgsql
as $$
declare
    p record;
begin
    p := thule_internal.write_place(path, thule_internal.write_begin(), 'EEXIST', 'EEXIST', 'EEXIST');
    if p.slash then
        perform thule_internal.fail('EISDIR', format('%s ends in a slash, so it can only be a directory', path), 'thule.mkdir() makes directories.');
    end if;
    return thule.create(p.dir, p.name, mode);
end
$$;

comment on function thule.create(text, integer) is
    'Makes an empty file; returns the inode. Something of that name is an error. The mode is a number: 420, the default, is octal 0644. Example: select thule.create(''/a/b'', 384);';

create function thule.create(path text, mode text) returns bigint
language sql
return thule.create(path, thule_internal.write_octal(mode));

comment on function thule.create(text, text) is
    'thule.create with the mode in octal, as text that begins with 0. Example: select thule.create(''/a/b'', ''0600'');';
