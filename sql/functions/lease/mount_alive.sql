-- Mounts whose daemon has the lease at this moment: none or one.
-- Parameters: none. Returns: ids of thule.mount.
-- Tables touched: mount, lease (read).
create function thule_internal.mount_alive() returns setof bigint
language sql stable rows 1
begin atomic
    select m.id
    from thule.mount m
    where m.ended_at is null and m.backend = (select thule.lease_holder());
end;
