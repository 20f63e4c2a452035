-- Compares the filesystem with its chain.
-- Parameters: digest, one that was kept, as 64 hexadecimal digits; null: none.
-- Returns: a JSON object: sound; link, op, at, digest: of the last link; since: link, op and at of that with the given digest; unlinked: ops after
--   the last link; deleted: thule_internal.audit_deletions; count, and findings: op, table, ino, what, those of the first op first, at most 1,000.
--   Errors: there is no chain (no_data_found).
-- Tables touched: all that is linked (read). One snapshot: what is committed meanwhile is not looked at.
create function thule_internal.audit_verify(digest text) returns jsonb
language plpgsql stable
as $$
declare
    head  thule.chain;
    since thule.chain;
    found jsonb;
    n     bigint;
begin
    select c.* into head from thule.chain c order by c.link desc limit 1;
    if head.link is null then
        raise exception using errcode = 'no_data_found', message = 'nothing is linked, so there is nothing to compare with',
            hint = '`thule audit digest` makes the first link, of all that is there then. Who has a digest already: the links are gone.';
    end if;
    select c.* into since from thule.chain c where encode(c.digest, 'hex') = lower(audit_verify.digest) order by c.link limit 1;
    select count(*), coalesce(jsonb_agg(jsonb_build_object('op', f.op, 'table', f.area, 'ino', f.ino, 'what', f.what) order by f.place)
            filter (where f.place <= 1000), '[]')
        into n, found
        from (
            select a.op, a.area, a.ino, a.what, row_number() over (order by a.op nulls first, a.area, a.ino, a.what) as place
            from (
                select null::bigint as op, 'chain' as area, null::bigint as ino,
                    'no link has the given digest: it is of another filesystem, or the links were replaced' as what
                where audit_verify.digest is not null and since.link is null
                union all
                select f.op, f.area, f.ino, f.what from thule_internal.audit_findings() f
            ) a
        ) f;
    return jsonb_build_object('sound', n = 0, 'link', head.link, 'op', head.last_op, 'at', head.at, 'digest', encode(head.digest, 'hex'),
        'unlinked', (select max(s.next_op) - 1 - head.last_op from thule.superblock s),
        'since', case when since.link is not null then jsonb_build_object('link', since.link, 'op', since.last_op, 'at', since.at) end,
        'deleted', thule_internal.audit_deletions(since.link), 'count', n, 'findings', found);
end
$$;
