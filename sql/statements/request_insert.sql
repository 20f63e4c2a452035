-- $1 kind, $2 arguments, $3 who asks.
insert into thule.request (kind, args) values ($1::text, $2::jsonb || jsonb_build_object('actor', thule_internal.actor_shown($3::jsonb))) returning id
