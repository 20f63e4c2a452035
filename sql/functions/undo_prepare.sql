-- Plans an undo in the tables of thule.change_begin; see thule.undo_plan for what args are.
-- Parameters: args. Returns: how many ops are to be undone. Errors: those of thule.undo_select and thule.undo_viewer.
-- Tables touched: all of the filesystem's but blob (read).
create function thule.undo_prepare(args jsonb) returns bigint
language plpgsql
as $$
declare
    force    boolean := coalesce((args ->> 'force')::boolean, false);
    selected bigint;
begin
    perform thule.change_begin();
    selected := thule.undo_select(args);
    perform thule.undo_earlier();
    perform thule.undo_names(force);
    perform thule.undo_conflicts(force);
    perform thule.undo_inodes(force);
    perform thule.undo_xattrs(force);
    perform thule.undo_directories(force);
    perform thule.undo_content(force);
    perform thule.change_frozen_inodes();
    perform thule.change_power(args, undo => true);
    perform thule.undo_viewer(thule.viewer_of(args));
    analyze pg_temp.change_name, pg_temp.change_inode, pg_temp.change_cut, pg_temp.change_extent, pg_temp.change_xattr;
    return selected;
end
$$;
