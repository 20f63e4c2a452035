-- The content of a regular file once an op had happened, holes as zeros.
-- Parameters: path, absolute and escaped (thule.path_names); at_op, an op (2^63-1: the present).
-- Returns: bytea; null for what has no bytes of its own: directories, symbolic links, devices, pipes and sockets. Errors: no such path (no_data_found), those of thule.check_kept and thule.read_at_op; a file of more than 1 GB is
--   one (program_limit_exceeded). In text format, as psql asks for it, the server can send at most 512 MB.
-- Tables touched: dirent, dirent_history, inode, inode_history, extent, extent_history, blob, pruned_inode, op (read).
create function thule.content_at_op(path text, at_op bigint) returns bytea
language plpgsql stable strict parallel safe cost 10000
as $$
declare
    found  record;
    result bytea;
begin
    select w.ino, w.place, w.problem into found from thule.walk_at_op(path, at_op) w;
    if (select i.mode & 61440 <> 32768 from thule.inode_at_op(found.ino, at_op) i) then
        return null;
    end if;
    if found.ino is not null then
        result := thule.read_at_op(found.ino, at_op, 0, 9223372036854775807);
    end if;
    if result is null then
        perform thule.check_kept(found.place, at_op);
        raise exception using errcode = 'no_data_found',
            message = format('there is no file %s%s%s', quote_literal(path),
                case when at_op < 9223372036854775807 then format(' as of op %s', at_op) end, ': ' || found.problem);
    end if;
    return result;
end
$$;
