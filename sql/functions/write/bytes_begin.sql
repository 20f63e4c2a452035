-- Bytes of a file begin, where none are: as extents that end at multiples of thule_internal.extent_max(), each with a blob of its own, so that
-- later writes line up with them.
-- Parameters: file, its inode; off, of the first byte; bytes; at_op, the op that writes them. Returns: nothing.
-- Tables touched: blob, extent.
create function thule_internal.bytes_begin(file bigint, off bigint, bytes bytea, at_op bigint) returns void
language plpgsql
as $$
declare
    whole constant bigint := thule_internal.extent_max();
    len   bigint := octet_length(bytes);
    at    bigint := 0;
    piece bigint;
    id    bigint := thule_internal.write_blob();
begin
    if len > whole then
        bytes := bytes || ''::bytea;            -- once, not for each piece: it may be compressed, or elsewhere
    end if;
    while at < len loop
        piece := least(len - at, whole - (off + at) % whole);
        insert into thule.blob (id, data) values (id, substr(bytes, at::integer + 1, piece::integer));
        insert into thule.extent (ino, file_off, len, blob, blob_off, op_from) values (file, off + at, piece, id, 0, at_op);
        at := at + piece;
        id := id + 1;
    end loop;
end
$$;
