-- The path of a directory by way of a list of checkpoints: thule_internal.path_up to the root.
-- Parameters: ino, or null; checkpoints, as of thule_internal.checkpoints, or null.
-- Returns: path, depth, op_from, op_to as thule_internal.path_up; for null what is said of the root. Tables touched: dirent, dirent_history (read).
create function thule_internal.path_above(ino bigint, checkpoints jsonb, out path text, out depth integer, out op_from bigint, out op_to bigint)
language plpgsql stable parallel safe cost 10000
as $$
declare
    at_ino bigint := ino;
    tail   text := '';
    step   record;
begin
    depth := 0;
    op_from := 0;
    op_to := thule_internal.present();
    while at_ino is not null loop
        select s.path, s.above, s.depth, s.op_from, s.op_to into step
            from jsonb_to_record(checkpoints -> at_ino::text) s (path text, above bigint, depth integer, op_from bigint, op_to bigint);
        if step.depth is null then
            step := thule_internal.path_up(at_ino, 1);
        end if;
        depth := depth + coalesce(step.depth, 0);
        op_from := case when step.op_from is not null then greatest(op_from, step.op_from) end;
        op_to := least(op_to, step.op_to);
        if step.path is null or depth > thule_internal.max_depth() then
            return;
        end if;
        tail := step.path || tail;
        at_ino := step.above;
    end loop;
    path := tail;
end
$$;
