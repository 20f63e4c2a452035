-- Makes a file with these bytes, or gives them to the file that is there, which stays the same inode.
-- Parameters: path, through symbolic links; bytes, all of the content; mode, null: 0644 of a new file, as it is of one that is there.
-- Returns: ino. Errors: those of thule.create, thule.write and thule.chmod; EACCES as fs.protected_regular has it. Tables touched: those of these.
create function thule.put(path text, bytes bytea, mode integer default null) returns bigint
language plpgsql
as $$
declare
    w    record;
    file bigint;
begin
    perform thule_internal.write_begin();
    if bytes is null then
        perform thule_internal.fail('EINVAL', format('the bytes for %s are null', coalesce(put.path, 'null')), 'An empty file has the bytes ''''.');
    elsif put.mode is not null then
        perform thule_internal.write_mode(put.mode);
    end if;
    w := thule_internal.write_walk(put.path, true, thule_internal.write_begin());
    if w.slash then
        perform thule_internal.fail('EISDIR', format('%s ends in a slash, so it can only be a directory', put.path), 'Leave it out.');
    elsif w.ino is null then
        file := thule.create(w.dir, w.name, coalesce(put.mode, 420));
        perform thule_internal.write_data(thule_internal.write_inode(file), 0, bytes, opened => true);
        return file;
    end if;
    if w.dir is not null then
        perform thule_internal.write_protected_file(thule_internal.write_inode(w.dir), thule_internal.write_inode(w.ino), thule_internal.write_begin(), put.path);
    end if;
    perform thule_internal.write_whole(w.ino, bytes);
    if put.mode <> (select i.mode & 4095 from thule_internal.write_inode(w.ino) i) then
        perform thule.chmod(w.ino, put.mode);
    end if;
    return w.ino;
end
$$;

comment on function thule.put(text, bytea, integer) is
    'Makes a file with these bytes, or gives them to the file that is there, which stays the same inode; without a mode a new one has 0644; returns the inode. Example: select thule.put(''/invoices/17.pdf'', ''%PDF-1.7'');';

create function thule.put(path text, bytes bytea, mode text) returns bigint
language sql
return thule.put(path, bytes, thule_internal.write_octal(mode));

comment on function thule.put(text, bytea, text) is
    'thule.put with the mode in octal, as text that begins with 0. Example: select thule.put(''/invoices/17.pdf'', ''%PDF-1.7'', ''0600'');';
