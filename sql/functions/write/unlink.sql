-- Removes a name of what is no directory, as unlink(2); with its last name a file goes.
-- Parameters: path, or parent and name. Returns: ino. Errors: those of thule_internal.write_begin, write_walk and write_remove.
-- Tables touched: those of thule_internal.write_remove (written).
create function thule.unlink(parent bigint, name bytea) returns bigint
language plpgsql
as $$
begin
    return thule_internal.write_remove('unlink', parent, name, false, thule_internal.write_begin());
end
$$;

comment on function thule.unlink(bigint, bytea) is
    'Removes a name of a file from a directory given by its inode, as unlink(2); returns the inode of the file. Example: select thule.unlink(42, ''b'');';

create function thule.unlink(path text) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    p      record;
begin
    p := thule_internal.write_place(path, viewer, 'EISDIR', 'EISDIR', 'EISDIR');
    return thule_internal.write_remove('unlink', p.dir, p.name, p.slash, viewer);
end
$$;

comment on function thule.unlink(text) is
    'Removes a file, or one of its names, as unlink(2); returns the inode. Its past stays. Example: select thule.unlink(''/a/b'');';
