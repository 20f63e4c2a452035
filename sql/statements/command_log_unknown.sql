-- thule log: what was asked for and never was, since a name that was mistyped would look like nothing having been done. $1 user, name or uid; $2 tag;
-- $3 kind; each may be null; $4 who asks, where it is a user at the door, or null: he is not told what names and tags there are.
-- One row: what is wrong, or null, and whether that is a kind.
select case
    when $3::text is not null and not exists (select from thule.op_kind k where k.name = $3) then
        format('there is no kind of change %s: kinds are %s', quote_literal($3), (select string_agg(k.name, ', ' order by k.id) from thule.op_kind k))
    when $4::bigint[] is not null then null
    when $1::text is not null and $1 !~ '^[0-9]+$' and not exists (select from thule.actor a where a.username = $1)
        and not exists (select from thule.account c where c.name = $1 and not c.is_group) then
        format('no user %s has ever changed anything here, and the host of the mount knows none', quote_literal($1))
    when $2::text is not null and not exists (select from thule.op o where o.tag = $2)
        and not exists (select from thule.run r where r.tag = $2) then
        format('nothing was ever done with the tag %s', quote_literal($2))
end as problem,
    $3::text is not null and not exists (select from thule.op_kind k where k.name = $3) as is_kind
