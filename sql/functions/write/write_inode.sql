-- An inode as it is now, for an operation that is to change it.
-- Parameters: ino. Returns: its row. Errors: there is none (ESTALE). Tables touched: inode (read).
create function thule_internal.write_inode(ino bigint) returns thule.inode
language plpgsql
as $$
declare
    i thule.inode;
begin
    select p.* into i from thule.inode p where p.ino = write_inode.ino order by p.era desc nulls last limit 1;
    if not found then
        perform thule_internal.fail('ESTALE', format('there is no inode %s', coalesce(write_inode.ino::text, 'null')), 'thule.resolve() tells the inode of a path.');
    end if;
    return i;
end
$$;
