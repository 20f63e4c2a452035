-- How much is kept of processes: what the mount says with `-o actor=`, the one that writes or else the last one that did.
-- Parameters: none. Returns: 'full', 'basic' or 'off'.
-- Tables touched: mount (read).
create function thule_internal.actor_detail() returns text
language sql stable
begin atomic
    -- Of an option that is given several times the last one counts.
    select coalesce((
        select substring(m.options from '.*(?:^|,)actor=([a-z]+)')
        from thule.mount m
        where not m.read_only and m.mountpoint <> ''
        order by m.ended_at is null desc, m.id desc limit 1), 'full');
end;
