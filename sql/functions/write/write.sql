-- Puts bytes into a file, as pwrite(2): over those that are there, past the end behind a hole.
-- Parameters: ino, or path, through symbolic links; off, where in the file, in bytes; bytes. Returns: how many bytes.
-- Errors: those of thule_internal.write_begin, write_walk, write_regular and write_range, EACCES, EPERM.
-- Tables touched: op, inode, extent, blob and the tables of their past (written).
create function thule.write(ino bigint, off bigint, bytes bytea) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    perform thule_internal.write_range(write.off, 0);
    return thule_internal.write_data(thule_internal.write_inode(write.ino), write.off, write.bytes);
end
$$;

comment on function thule.write(bigint, bigint, bytea) is
    'Puts bytes into an inode at an offset, as pwrite(2); returns how many. Example: select thule.write(42, 0, ''text'');';

create function thule.write(path text, off bigint, bytes bytea) returns bigint
language plpgsql
as $$
begin
    return thule.write(thule_internal.write_found(write.path, true, thule_internal.write_begin()), write.off, write.bytes);
end
$$;

comment on function thule.write(text, bigint, bytea) is
    'Puts bytes into a file at an offset, as pwrite(2); returns how many. Example: select thule.write(''/a/b'', 0, ''text'');';
