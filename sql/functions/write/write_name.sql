-- Makes a name.
-- Parameters: parent, name, ino; op, at, as of thule_internal.write_op; cookie, its place in the listing: null, a new one, of which an op has two.
-- Returns: nothing. Tables touched: dirent (written).
create function thule_internal.write_name(parent bigint, name bytea, ino bigint, op bigint, at timestamptz, cookie bigint default null)
returns void
language plpgsql
as $$
begin
    insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
        values (parent, name, ino, coalesce(cookie, op * 2), op, at);
end
$$;

-- Ends a name. Parameters as those of thule_internal.write_name. Returns: the cookie that it had. Tables touched: dirent, dirent_history (written).
create function thule_internal.write_name_gone(parent bigint, name bytea, op bigint, at timestamptz) returns bigint
language plpgsql
as $$
#variable_conflict use_variable
declare
    had bigint;
begin
    with gone as (
        delete from thule.dirent d
        where d.ctid = (select p.ctid from thule.dirent p where p.parent = parent and p.name = name order by p.op_from desc limit 1)
        returning d.*
    ), ended as (
        insert into thule.dirent_history (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
            select g.parent, g.name, g.ino, g.cookie, g.op_from, g.valid_from, op, at from gone g
    )
    select g.cookie into had from gone g;
    return had;
end
$$;
