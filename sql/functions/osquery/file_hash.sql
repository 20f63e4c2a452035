-- A hash of the bytes of a file. Reads them.
-- Parameters: path, from the mount's root; kind: md5, sha1 or sha256.
-- Returns: hex digits; null where there are no bytes, more than 1 GB of them, or who asks may not read them; of sha1 also where nobody has installed the
--   extension pgcrypto: PostgreSQL itself has none.
-- Tables touched: those of thule.content (read).
create function thule_internal.file_hash(path text, kind text) returns text
language plpgsql stable parallel safe cost 20000
as $$
declare
    result text;
begin
    case kind
        when 'md5' then result := md5(thule.content(path));
        when 'sha256' then result := encode(sha256(thule.content(path)), 'hex');
        when 'sha1' then
            execute (select format('select encode(%I.digest($1, ''sha1''), ''hex'')', n.nspname)
                from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgcrypto')
                into result using thule.content(path);
    end case;
    return result;
exception when insufficient_privilege or program_limit_exceeded or null_value_not_allowed then
    return null;
end
$$;
