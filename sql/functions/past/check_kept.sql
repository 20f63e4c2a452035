-- Why there is nothing at a path as of an op: an error where it, or a directory above it, was pruned by itself or erased
-- (thule_internal.prune_inodes), since then nobody can say that there was nothing.
-- Parameters: path, absolute and escaped; at_op, an op.
-- Returns: null, always, as the inode that there is not. Errors: no_data_found.
-- Tables touched: pruned_inode, op, and those of thule.resolve_at_op and thule_internal.inode_at_op (read).
-- Whatever ended of an inode, a version of it ended with it: where the version of then is left, nothing lacks.
create function thule_internal.check_kept(path text, at_op bigint) returns bigint
language plpgsql stable strict parallel safe
as $$
declare
    step  text;
    here  text := '';
    named bigint;
    found record;
begin
    if not exists (select from thule.pruned_inode) then
        return null;
    end if;
    foreach step in array array(
        select thule.escape_name(n.name) from unnest(thule_internal.path_names(path)) with ordinality n (name, i) order by n.i)
    loop
        here := here || '/' || step;
        named := thule.resolve_at_op(here, at_op);
        exit when named is null;
        select p.op, o.at into found
        from thule.pruned_inode p
        left join thule.op o on o.op = p.op
        where p.ino = named and p.op > at_op
            and not exists (select from thule_internal.inode_at_op(p.ino, at_op));
        if found.op is not null then
            raise exception using errcode = 'no_data_found',
                message = format('the past of %s was pruned: it is kept from %s on', here,
                    concat_ws(' ', found.at::timestamptz(0), '(op:' || found.op || ')'));
        end if;
    end loop;
    return null;
end
$$;
