-- Refuses what no symbolic link can lead to. Parameters: target, in bytes. Returns: it. Errors: ENOENT, ENAMETOOLONG, EINVAL. Tables touched: none.
create function thule_internal.write_target(target bytea) returns bytea
language plpgsql
as $$
begin
    if coalesce(octet_length(target), 0) = 0 then
        perform thule_internal.fail('ENOENT', 'a symbolic link leads somewhere: its target is empty');
    elsif octet_length(target) > 4095 then
        perform thule_internal.fail('ENAMETOOLONG', format('the target has %s bytes', octet_length(target)), 'It has at most 4095 bytes.');
    elsif position(E'\\x00'::bytea in target) > 0 then
        perform thule_internal.fail('EINVAL', 'the target has a zero byte');
    end if;
    return target;
end
$$;

-- Makes a symbolic link, as symlink(2).
-- Parameters: target, where it leads, escaped as thule.escape_name does or in bytes; path, or parent and name. Returns: ino.
-- Errors: an empty target (ENOENT), one of more than 4095 bytes (ENAMETOOLONG), those of thule_internal.write_begin, write_walk and write_make.
-- Tables touched: those of thule_internal.write_make (written).
create function thule.symlink(target bytea, parent bigint, name bytea) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    perform thule_internal.write_target(target);
    return thule_internal.write_make('symlink', parent, name, thule_internal.type_bits('symlink') | 511, 0, target, thule_internal.write_begin());
end
$$;

comment on function thule.symlink(bytea, bigint, bytea) is
    'Makes a symbolic link in a directory given by its inode: first where it leads, then the directory and the name; returns the inode. Example: select thule.symlink(''../b'', 42, ''link'');';

create function thule.symlink(target text, path text) returns bigint
language plpgsql
as $$
declare
    bytes bytea;
    p     record;
begin
    perform thule_internal.write_begin();
    bytes := thule_internal.write_target(thule.unescape_name(target));
    p := thule_internal.write_place(path, thule_internal.write_begin(), 'EEXIST', 'EEXIST', 'EEXIST', true);
    return thule.symlink(bytes, p.dir, p.name);
end
$$;

comment on function thule.symlink(text, text) is
    'Makes a symbolic link: first where it leads, then its path, as ln -s has them; returns the inode. Example: select thule.symlink(''../b'', ''/a/link'');';
