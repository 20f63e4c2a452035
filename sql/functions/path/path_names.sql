-- The names in an absolute path, unescaped. Repeated and trailing slashes count for nothing here, and . and .. are
-- names like any other: what they mean is for thule_internal.walk_at_op.
-- Parameters: path, absolute from the mount's root, escaped as thule.escape_name does.
-- Returns: bytea[], empty for '/'. A path that does not begin with a slash is an error (invalid_parameter_value).
-- Tables touched: none.
create function thule_internal.path_names(path text) returns bytea[]
language plpgsql immutable strict parallel safe
as $$
begin
    if left(path, 1) <> '/' then
        raise exception using errcode = 'invalid_parameter_value',
            message = format('%s is not an absolute path: begin it with /, the root of the mount',
                quote_literal(path));
    end if;
    return array(
        select thule.unescape_name(name)
        from string_to_table(path, '/') with ordinality as p (name, n)
        where name <> ''
        order by n);
end
$$;
