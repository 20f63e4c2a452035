-- What the daemons of the mounts that write tell of a topic, as of now.
-- Parameters: topic, see thule_internal.live_topic; kind, the first field of the lines that are wanted.
-- Returns: the other fields of each line, and as of when; older ones where thule_internal.live_ask does not wait.
-- Tables touched: live_report, mount, lease (read).
create function thule_internal.live_lines(topic text, kind text) returns table (mount bigint, field text[], at timestamptz)
language plpgsql volatile rows 20
as $$
declare
    alive constant bigint[] := array(select thule_internal.live_ask(topic));
begin
    return query
        select r.mount, (string_to_array(l.line, E'\t'))[2:], r.at
        from thule.live_report r
        cross join lateral string_to_table(r.lines, E'\n') l (line)
        where r.mount = any (alive) and r.topic = thule_internal.live_topic(live_lines.topic) and starts_with(l.line, kind || E'\t');
end
$$;
