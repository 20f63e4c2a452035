-- The content of a regular file once an op had happened, holes as zeros.
-- Parameters: path, absolute and escaped (thule_internal.path_names); at_op, an op (2^63-1: the present).
-- Returns: bytea; null for what has no bytes of its own: directories, symbolic links, devices, pipes and sockets. Errors: no such path (no_data_found), those of thule_internal.check_kept and thule.read_at_op; a file of more than 1 GB is
--   one (program_limit_exceeded). In text format, as psql asks for it, the server can send at most 512 MB.
-- Tables touched: dirent, dirent_history, inode, inode_history, extent, extent_history, blob, pruned_inode, op (read).
create function thule.content_at_op(path text, at_op bigint) returns bytea
language plpgsql stable strict parallel safe cost 10000
as $$
declare
    found  record;
    result bytea;
begin
    if not thule_internal.sees_tables() then
        return thule_internal.read_seen(path, at_op);
    end if;
    select w.ino, w.place, w.problem into found from thule_internal.walk_at_op(path, at_op) w;
    if (select not thule_internal.is_file(i.mode) from thule_internal.inode_at_op(found.ino, at_op) i) then
        return null;
    end if;
    if found.ino is not null then
        result := thule.read_at_op(found.ino, at_op, 0, thule_internal.no_limit());
    end if;
    if result is null then
        perform thule_internal.check_kept(found.place, at_op);
        raise exception using errcode = 'no_data_found',
            message = format('there is no file %s%s%s', quote_literal(left(path, 500)),
                case when at_op < thule_internal.present() then format(' as of op %s', at_op) end, ': ' || found.problem);
    end if;
    return result;
end
$$;

comment on function thule.content_at_op(text, bigint) is
    'Bytes of a regular file once an op had happened, under the path that it had then; NULL for what has no bytes. Example: select thule.content_at_op(path, op - 1) from thule.deleted_file(''/a/b'');';
