-- Sets an extended attribute, by an op that thule_internal.write_version then gives the inode.
-- Parameters: ino; name; value, null: it is removed; op, at, as of thule_internal.write_op.
-- Returns: by how much inode.xattrs changes: 1, 0 or -1. Tables touched: xattr, xattr_history (written).
create function thule_internal.write_xattr(ino bigint, name bytea, value bytea, op bigint, at timestamptz) returns integer
language plpgsql
as $$
#variable_conflict use_variable
declare
    had boolean;
begin
    with gone as (
        delete from thule.xattr x where x.ino = ino and x.name = name returning x.*
    ), ended as (
        insert into thule.xattr_history (ino, name, value, op_from, valid_from, op_to, valid_to)
            select g.ino, g.name, g.value, g.op_from, g.valid_from, op, at from gone g where g.op_from < op
    )
    select exists (select from gone) into had;
    if value is not null then
        insert into thule.xattr (ino, name, value, op_from, valid_from) values (ino, name, value, op, at);
    end if;
    return (value is not null)::integer - had::integer;
end
$$;
