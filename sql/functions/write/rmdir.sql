-- Removes an empty directory, as rmdir(2).
-- Parameters: path, or parent and name. Returns: ino. Errors: those of thule_internal.write_begin, write_walk and write_remove.
-- Tables touched: those of thule_internal.write_remove (written).
create function thule.rmdir(parent bigint, name bytea) returns bigint
language plpgsql
as $$
begin
    return thule_internal.write_remove('rmdir', parent, name, false, thule_internal.write_begin());
end
$$;

comment on function thule.rmdir(bigint, bytea) is
    'Removes an empty directory from a directory given by its inode, as rmdir(2); returns the inode of the one that is gone. Example: select thule.rmdir(42, ''sub'');';

create function thule.rmdir(path text) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    p      record;
begin
    p := thule_internal.write_place(path, viewer, 'EBUSY', 'EINVAL', 'ENOTEMPTY');
    return thule_internal.write_remove('rmdir', p.dir, p.name, p.slash, viewer);
end
$$;

comment on function thule.rmdir(text) is
    'Removes an empty directory, as rmdir(2); returns the inode. Its past stays. Example: select thule.rmdir(''/a/sub'');';
