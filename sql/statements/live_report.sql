-- $1 mount; what it tells of topic $2 (thule_internal.live_topic) is now $3.
insert into thule.live_report as r (mount, topic, lines, at)
values ($1::bigint, $2::integer, $3::text, clock_timestamp())
on conflict (mount, topic) do update set lines = excluded.lines, at = excluded.at
