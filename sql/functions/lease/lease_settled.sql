-- Whether no mount but this one has acknowledged what is not committed: the one with the lease has lent it, or it is a session's that is no mount's, or
-- nobody's, and each mount has ended or is connected. What is committed is to be looked for after that.
-- Parameters: mount, which asks. Returns: whether. Tables touched: lease, mount (read).
create function thule_internal.lease_settled(mount bigint) returns boolean
language plpgsql stable
as $$
declare
    has  integer;
    lent boolean;
begin
    select s.pid, s.lent into has, lent from thule_internal.lease_state() s;
    if has is not null then
        return lent or not exists (select from thule.mount m where m.backend = has and m.ended_at is null);
    end if;
    return not exists (select from thule.mount m where m.ended_at is null and not m.read_only and m.id <> lease_settled.mount
        and m.id not in (select thule_internal.mounts_live()));
end
$$;
