-- How long operations took, as of now: has the daemon publish it, and waits for that.
-- Parameters: none. Returns: rows of thule.live_latency of the mount that writes; older ones where thule_internal.live_ask does not wait.
-- Tables touched: live_latency, and those of thule_internal.live_ask (read).
-- A statement that asked and read in one would see what there was before it asked.
create function thule_internal.latency_fresh() returns setof thule.live_latency
language plpgsql volatile
as $$
declare
    alive constant bigint[] := array(select thule_internal.live_ask('latency'));
begin
    return query select l.* from thule.live_latency l where l.mount = any (alive);
end
$$;
