-- Whether no mount but this one has acknowledged what is not committed: the one with the lease has lent it, or it is a session's that is no mount's, or
-- nobody's, and each mount has ended or is connected. What is committed is to be looked for after that.
-- Parameters: mount, which asks. Returns: whether. Tables touched: lease, mount (read).
create function thule_internal.lease_settled(mount bigint) returns boolean
language sql stable
begin atomic
    select case
        when s.pid is not null then s.lent or not exists (select from thule.mount m where m.backend = s.pid and m.ended_at is null)
        else not exists (select from thule.mount m where m.ended_at is null and not m.read_only and m.id <> lease_settled.mount
            and m.id not in (select thule_internal.mounts_live()))
    end
    from (select 1) one left join thule_internal.lease_state() s on true;
end;
