-- Puts bytes at the end of a file, as write(2) with O_APPEND.
-- Parameters: ino, or path, through symbolic links; bytes. Returns: how many bytes. Errors and tables: those of thule.write.
create function thule.append(ino bigint, bytes bytea) returns bigint
language plpgsql
as $$
begin
    perform thule_internal.write_begin();
    return thule_internal.write_data(thule_internal.write_inode(append.ino), null, append.bytes);
end
$$;

comment on function thule.append(bigint, bytea) is
    'Puts bytes at the end of an inode; returns how many. Example: select thule.append(42, ''another line'');';

create function thule.append(path text, bytes bytea) returns bigint
language plpgsql
as $$
begin
    return thule.append(thule_internal.write_found(append.path, true, thule_internal.write_begin()), append.bytes);
end
$$;

comment on function thule.append(text, bytea) is
    'Puts bytes at the end of a file; returns how many. Example: select thule.append(''/a/log'', ''another line'');';
