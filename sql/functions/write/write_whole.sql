-- Replaces all bytes of a file, as open(2) with O_TRUNC and write(2) do: two ops where there were bytes.
-- Parameters: file, its inode; bytes. Returns: nothing. Errors and tables: those of thule.write.
create function thule_internal.write_whole(file bigint, bytes bytea) returns void
language plpgsql
as $$
declare
    i thule.inode := thule_internal.write_inode(file);
begin
    if i.size > 0 or bytes = '' then
        perform thule.truncate(file, 0);
        i := thule_internal.write_inode(file);
    end if;
    perform thule_internal.write_data(i, 0, bytes);
end
$$;
