-- What a shell may complete: the values of a kind, and what each means. $1: snapshot, op (the newest ones), tag, kind, key or role; $2 what
-- was typed so far.
with recursive tag as (
    (select o.tag from thule.op o where o.tag is not null order by o.tag limit 1)
    union all
    -- From tag to tag by index, however many ops each has.
    select (select o.tag from thule.op o where o.tag > t.tag order by o.tag limit 1) from tag t where t.tag is not null
)
select w.word, w.help
from (
    select s.name as word, format('op %s, %s', s.op, to_char(s.at, 'YYYY-MM-DD HH24:MI')) as help, s.op as place
    from thule.snapshot s where $1::text = 'snapshot'
    union all
    (select 'op:' || o.op, format('%s, %s', k.name, to_char(o.at, 'YYYY-MM-DD HH24:MI:SS')), -o.op
    from thule.op o
    join thule.op_kind k on k.id = o.kind
    where $1::text = 'op'
    order by o.op desc limit 20)
    union all
    (select t.tag, '', 0 from tag t where $1::text = 'tag' and starts_with(t.tag, $2::text) limit 500)
    union all
    select k.name, '', k.id from thule.op_kind k where $1::text = 'kind'
    union all
    select k.key, '', 0 from unnest(thule_internal.config_keys()) k(key) where $1::text = 'key'
    union all
    select p.rolname, r.kind, 0 from pg_roles p left join thule.role r on r.role = p.rolname
    where $1::text = 'role' and starts_with(p.rolname, $2::text) and p.rolname not like 'pg\_%'
) w
order by w.place, w.word
