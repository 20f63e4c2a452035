-- thule log: what was asked for and never was, since a name that was mistyped would look like nothing having been done. $1 user, name or uid; $2 tag;
-- $3 kind; each may be null; $4 who asks, where it is a user at the door, or null: he is not told what names and tags there are.
-- One row: what is wrong, or null, and whether that is a kind.
select case when $4::bigint[] is null then thule_internal.selector_problem($1::text, $2::text, $3::text, null, null)
        else thule_internal.selector_problem(null, null, $3::text, null, null) end as problem,
    $3::text is not null and not exists (select from thule.op_kind k where k.name = $3) as is_kind
