-- A hash of bytes.
-- Parameters: bytes; kind: md5, sha1 or sha256. Returns: hex digits; null for null, and of sha1 where nobody has installed the extension pgcrypto: PostgreSQL itself
--   has none. Tables touched: none.
create function thule_internal.bytes_hash(bytes bytea, kind text) returns text
language plpgsql stable strict parallel safe
as $$
declare
    result text;
begin
    case kind
        when 'md5' then result := md5(bytes);
        when 'sha256' then result := encode(sha256(bytes), 'hex');
        when 'sha1' then
            execute (select format('select encode(%I.digest($1, ''sha1''), ''hex'')', n.nspname)
                from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pgcrypto')
                into result using bytes;
    end case;
    return result;
exception when null_value_not_allowed then
    return null;
end
$$;

-- Whether a kind of hash can be had, so that no bytes are read for one that cannot. Parameters: kind. Returns: boolean. Tables touched: none of ours.
create function thule_internal.hash_known(kind text) returns boolean
language sql stable parallel safe
return kind <> 'sha1' or exists (select from pg_extension e where e.extname = 'pgcrypto');

-- A hash of the bytes of a file. Reads them.
-- Parameters: path, from the mount's root; kind, as of thule_internal.bytes_hash.
-- Returns: as that; null also where there are no bytes, more than 1 GB of them, or who asks may not read them. Tables touched: those of thule.content (read).
create function thule_internal.file_hash(path text, kind text) returns text
language plpgsql stable parallel safe cost 20000
as $$
begin
    return case when thule_internal.hash_known(kind) then thule_internal.bytes_hash(thule.content(path), kind) end;
exception when insufficient_privilege or program_limit_exceeded then
    return null;
end
$$;

-- The same of a regular file once an op had happened.
-- Parameters: ino; at_op, an op; kind, as of thule_internal.bytes_hash. Returns: as the other one. Tables touched: those of thule.read_at_op (read).
create function thule_internal.file_hash(ino bigint, at_op bigint, kind text) returns text
language plpgsql stable parallel safe cost 20000
as $$
begin
    return case when thule_internal.hash_known(kind) then
        thule_internal.bytes_hash(thule.read_at_op(ino, at_op, 0, thule_internal.no_limit()), kind) end;
exception when insufficient_privilege or program_limit_exceeded then
    return null;
end
$$;
