-- One side of a change of a file, as a patch has it: a regular file or a symbolic link as it was once an op had happened.
-- Parameters: path, escaped; ino; at_op, an op; viewer, as of thule_internal.permits.
-- Returns: a row, or none where there was neither: name, the path in bytes without its first slash; ino, mode, size; target of a link; lacks, why
--   its bytes cannot be told, or null. What was pruned counts as a file, or as what it is now.
-- Tables touched: inode, inode_history, and for a viewer those of thule_internal.may_reach (read).
create function thule_internal.patch_side(path text, ino bigint, at_op bigint, viewer bigint[])
    returns table (name bytea, ino bigint, mode integer, size bigint, target bytea, lacks text)
language sql stable parallel safe rows 1
begin atomic
    select (select string_agg(n.name, '/'::bytea order by n.i) from unnest(thule_internal.path_names(patch_side.path)) with ordinality n (name, i)),
        s.ino, s.mode, s.size, s.target,
        case when s.size is null then 'were pruned' when not thule_internal.may_reach(s.ino, at_op, 4, viewer) then 'you may not read' end
    from (
        select patch_side.ino, coalesce(i.mode, now.mode) as mode, i.size, i.target
        from (select) one
        left join lateral thule_internal.inode_at_op(patch_side.ino, at_op) i on true
        left join lateral thule_internal.inode_at_op(patch_side.ino, thule_internal.present()) now on true
    ) s
    where s.ino is not null and (s.mode is null or thule_internal.is_file(s.mode) or thule_internal.is_symlink(s.mode))
        and thule_internal.viewed_path(patch_side.path, at_op, viewer) is not null;
end;
