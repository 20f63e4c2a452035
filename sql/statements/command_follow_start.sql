-- thule log --follow: the op after which it starts. $1: the first op that is wanted, or else $2: an instant; both
-- null: what comes from now on. An op that is not even the next one is refused: it would be waited for in silence.
-- Also: whether there is a mount that records no tags.
select case
        when $1::bigint is null and $2::text is null then l.op
        when $1::bigint is null then thule_internal.op_before($2::text)
        when $1::bigint <= l.next then $1::bigint - 1
    end as op,
    l.op as last,
    exists (select from thule.mount m where m.ended_at is null and ',' || m.options || ',' like '%,actor=off,%') as untagged
from (
    select (select op from thule.op order by op desc limit 1) as op, next_op as next from thule.superblock
) l
