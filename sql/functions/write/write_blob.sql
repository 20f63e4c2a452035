-- The first blob id that is free. Parameters: none. Returns: an id, another one as soon as a blob has it.
-- Tables touched: superblock, blob (read).
create function thule_internal.write_blob() returns bigint
language plpgsql
as $$
begin
    return greatest((select b.id from thule.blob b order by b.id desc limit 1) + 1, (select s.next_blob from thule.superblock s order by s.next_op desc limit 1));
end
$$;
