-- Plans an undo in the tables of thule_internal.change_begin; see thule_internal.undo_plan for what args are.
-- Parameters: args. Returns: how many ops are to be undone. Errors: those of thule_internal.undo_select and thule_internal.undo_viewer.
-- Tables touched: all of the filesystem's but blob (read).
create function thule_internal.undo_prepare(args jsonb) returns bigint
language plpgsql
as $$
declare
    force    boolean := coalesce((args ->> 'force')::boolean, false);
    selected bigint;
begin
    perform thule_internal.change_begin();
    perform thule_internal.undo_begin();
    selected := thule_internal.undo_select(args);
    perform thule_internal.progress(8);
    perform thule_internal.undo_earlier();
    perform thule_internal.undo_names(force);
    perform thule_internal.progress(20);
    perform thule_internal.undo_conflicts(force);
    perform thule_internal.progress(28);
    perform thule_internal.undo_inodes(force);
    perform thule_internal.undo_xattrs(force);
    perform thule_internal.undo_directories(force);
    perform thule_internal.progress(36);
    perform thule_internal.undo_content(force);
    perform thule_internal.progress(50);
    perform thule_internal.change_frozen_inodes();
    perform thule_internal.change_power(args, undo => true);
    perform thule_internal.undo_viewer(thule_internal.viewer_of(args));
    analyze pg_temp.change_name, pg_temp.change_inode, pg_temp.change_cut, pg_temp.change_extent, pg_temp.change_xattr;
    return selected;
end
$$;
