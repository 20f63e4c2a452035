-- What a repair has done, and what it left, for the answer to its request.
-- Parameters: none. Returns: a JSON object: repaired and left, with the columns of thule.fsck and at most 1,000 each, and how many they are.
-- Tables touched: those of thule_internal.repair_begin.
create function thule_internal.repair_result() returns jsonb
language plpgsql
as $$
begin
    return jsonb_build_object('repaired_count', (select count(*) from pg_temp.repair_done), 'left_count', (select count(*) from pg_temp.repair_found),
        'repaired', (select coalesce(jsonb_agg(to_jsonb(f)), '[]') from (
            select d.check_id, d.severity, d.ino, d.detail, d.op, d.repair from pg_temp.repair_done d order by d.check_id, d.ino limit 1000) f),
        'left', (select coalesce(jsonb_agg(to_jsonb(f)), '[]') from (
            select d.check_id, d.severity, d.ino, d.detail, d.op, d.repair from pg_temp.repair_found d order by d.check_id, d.ino limit 1000) f));
end
$$;
