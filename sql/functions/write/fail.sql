-- Refuses an operation as the mount would: with an errno. The one place where SQL makes such an error.
-- Parameters: errno_name, 'ENOENT'; message, what is wrong with what; hint, what to do about it, or null.
-- Returns: nothing. Errors: always, with SQLSTATE TH and the errno in three digits (TH002 is ENOENT), and the message 'ENOENT: ...'.
-- Tables touched: none.
create function thule_internal.fail(errno_name text, message text, hint text default null) returns void
language plpgsql stable
as $$
declare
    number integer := (
        select e.number
        from (values ('EPERM', 1), ('ENOENT', 2), ('EIO', 5), ('ENXIO', 6), ('E2BIG', 7), ('EBADF', 9), ('EAGAIN', 11), ('ENOMEM', 12),
            ('EACCES', 13), ('EBUSY', 16), ('EEXIST', 17), ('EXDEV', 18), ('ENODEV', 19), ('ENOTDIR', 20), ('EISDIR', 21), ('EINVAL', 22),
            ('ETXTBSY', 26), ('EFBIG', 27), ('ENOSPC', 28), ('EROFS', 30), ('EMLINK', 31), ('ERANGE', 34), ('EDEADLK', 35),
            ('ENAMETOOLONG', 36), ('ENOTEMPTY', 39), ('ELOOP', 40), ('ENODATA', 61), ('EOVERFLOW', 75), ('EOPNOTSUPP', 95),
            ('ETIMEDOUT', 110), ('ESTALE', 116), ('EDQUOT', 122), ('ECANCELED', 125)) e (name, number)
        where e.name = errno_name);
    code   text;
begin
    message := left(message, 500);      -- with a path it may be as long as that
    code := 'TH' || lpad(coalesce(number, 5)::text, 3, '0');
    if hint is null then
        raise exception using errcode = code, message = format('%s: %s', errno_name, message);
    end if;
    raise exception using errcode = code, message = format('%s: %s', errno_name, message), hint = hint;
end
$$;
