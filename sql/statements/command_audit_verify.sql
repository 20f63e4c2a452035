-- thule audit verify: $1 a digest, or null. One row for each line to print, in their order.
with r as materialized (
    select thule_internal.audit_verify($1::text) as report
)
select r.report::text as json, r.report ->> 'sound' as sound, r.report ->> 'count' as count, l.line
from r
cross join lateral (
    select format('everything up to op:%s is as it was linked (link %s of %s)', r.report ->> 'op', r.report ->> 'link',
        to_char((r.report ->> 'at')::timestamptz, 'YYYY-MM-DD HH24:MI:SS TZH:TZM')) as line, 1 as place, 1 as n
    where (r.report ->> 'sound')::boolean
    union all
    select format('the digest is that of link %s, up to op:%s, of %s', s ->> 'link', s ->> 'op',
        to_char((s ->> 'at')::timestamptz, 'YYYY-MM-DD HH24:MI:SS TZH:TZM')), 2, 1
    from nullif(r.report -> 'since', 'null') s
    where s is not null
    union all
    select format('link %s: %s, on %s by %s%s', d.j ->> 'link',
        case when d.j ->> 'kind' = 'erase' then format('%s erased', d.files)
            when d.j ->> 'horizon' is null then format('the past of %s pruned', d.files)
            else format('what had ended by op:%s pruned', d.j ->> 'horizon') end,
        to_char((d.j ->> 'at')::timestamptz, 'YYYY-MM-DD HH24:MI:SS TZH:TZM'), d.j ->> 'by',
        case when (d.j ->> 'after')::boolean then ', which the digest cannot know' end), 3, d.n::integer
    from (
        select e.j, e.n, case e.j ->> 'files' when '1' then '1 file' else (e.j ->> 'files') || ' files' end as files
        from jsonb_array_elements(r.report -> 'deleted') with ordinality e (j, n)
    ) d
    union all
    select format('not linked yet: the last %s', case r.report ->> 'unlinked' when '1' then 'op' else (r.report ->> 'unlinked') || ' ops' end), 4, 1
    where (r.report ->> 'unlinked')::bigint > 0
    union all
    select coalesce(format('op:%s  ', f.j ->> 'op'), '') || (f.j ->> 'what'), 5, f.n::integer
    from jsonb_array_elements(r.report -> 'findings') with ordinality f (j, n)
) l
order by l.place, l.n
