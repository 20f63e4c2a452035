-- Refuses what has no bytes of its own to change.
-- Parameters: i, the inode. Returns: nothing. Errors: EISDIR, EINVAL. Tables touched: none.
create function thule_internal.write_regular(i thule.inode) returns void
language plpgsql
as $$
begin
    if thule_internal.is_directory(i.mode) then
        perform thule_internal.fail('EISDIR', format('inode %s is a directory, which has no bytes', i.ino), 'Give the path of a file in it.');
    elsif not thule_internal.is_file(i.mode) then
        perform thule_internal.fail('EINVAL', format('inode %s is a %s, which has no bytes of its own', i.ino, thule.mode_kind(i.mode)),
            'Give the path of a regular file.');
    end if;
end
$$;

-- Refuses a range that a file cannot have. Parameters: off, len, in bytes. Returns: nothing. Errors: EINVAL, EFBIG. Tables touched: none.
create function thule_internal.write_range(off bigint, len bigint) returns void
language plpgsql
as $$
declare
    -- fs/base/limits.h, FILE_SIZE_MAX
    most constant bigint := 9223372036854771712;
begin
    if off is null or len is null then
        perform thule_internal.fail('EINVAL', 'an offset, a length or bytes are null', 'Give all of them; '''' are no bytes.');
    elsif off < 0 or len < 0 then
        perform thule_internal.fail('EINVAL', format('%s bytes from %s on are no range', len, off), 'Offsets and lengths are 0 or more.');
    elsif len > most or off > most - len then
        perform thule_internal.fail('EFBIG', format('%s bytes from %s on would make a file too large', len, off), format('A file has at most %s bytes.', most));
    end if;
end
$$;
