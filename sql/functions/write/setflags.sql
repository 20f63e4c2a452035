-- Sets the flags of a file or directory, as chattr(1).
-- Parameters: ino, or path, through symbolic links; flags, words as thule_internal.flags_text has them: immutable, append, nodump, noatime; none.
-- Returns: ino. Errors: those of thule_internal.write_begin and write_walk, EPERM, EOPNOTSUPP. Tables touched: op, inode, inode_history (written).
create function thule.setflags(ino bigint, flags text) returns bigint
language plpgsql
as $$
declare
    viewer bigint[] := thule_internal.write_begin();
    i      thule.inode;
    w      record;
    bits   integer := 0;
    word   text;
begin
    i := thule_internal.write_inode(setflags.ino);
    foreach word in array regexp_split_to_array(coalesce(setflags.flags, 'null'), '[ ,]+') loop
        bits := bits | case word when 'immutable' then 16 when 'append' then 32 when 'nodump' then 64 when 'noatime' then 128 when 'none' then 0 end;
        if bits is null then
            perform thule_internal.fail('EOPNOTSUPP', format('there is no flag %s', quote_literal(word)),
                'Flags are immutable, append, nodump and noatime, with commas between them, or none.');
        end if;
    end loop;
    if not thule_internal.is_file(i.mode) and not thule_internal.is_directory(i.mode) then
        perform thule_internal.fail('EOPNOTSUPP', format('inode %s is a %s, which has no flags', i.ino, thule.mode_kind(i.mode)));
    end if;
    perform thule_internal.write_own(i, viewer);
    if viewer[1] <> 0 and (bits # i.flags) & 48 <> 0 then
        perform thule_internal.fail('EPERM', 'only root sets and takes away immutable and append');
    end if;
    w := thule_internal.write_op('setflags', i.ino);
    i.flags := bits;
    i.ctime_ns := w.now_ns;
    perform thule_internal.write_version(i, w.op, w.at);
    return i.ino;
end
$$;

comment on function thule.setflags(bigint, text) is
    'Sets the flags of an inode, as chattr(1): immutable, append, nodump, noatime, or none; returns the inode. Example: select thule.setflags(42, ''immutable'');';

create function thule.setflags(path text, flags text) returns bigint
language plpgsql
as $$
begin
    return thule.setflags(thule_internal.write_found(path, true, thule_internal.write_begin()), setflags.flags);
end
$$;

comment on function thule.setflags(text, text) is
    'Sets the flags of a file or directory, as chattr(1): immutable, append, nodump, noatime, or none; returns the inode. Example: select thule.setflags(''/a/b'', ''nodump,noatime'');';
