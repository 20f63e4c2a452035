-- Run $1 is over, and its keeper cannot undo it: asks whoever has the lease to, also where nothing that it did is committed yet. $2
-- tells who asks, with the columns of thule.actor.
with ended as (
    update thule.run set ended_at = clock_timestamp() where id = $1::text and ended_at is null returning id
)
insert into thule.request (kind, args)
select 'undo', jsonb_build_object('run', e.id, 'actor', $2::jsonb)
from ended e
