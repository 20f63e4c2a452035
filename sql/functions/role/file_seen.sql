-- thule.file(path), files_in and files_under for the user as whom the session asks: a path where the user may search the directory that it is
-- in, as stat(2); what is in directories where the user may list them, as ls(1) and find(1).
-- Parameters, returns: those of them; no row for what the user may not see. Errors: those of thule_internal.session_sees.
-- Tables touched: role, and those of thule.file and thule_internal.may_reach (read).
create function thule_internal.file_seen(path text) returns setof thule.file
language plpgsql stable parallel safe security definer rows 1
as $$
declare
    viewer bigint[] := thule_internal.session_sees();
begin
    return query select f.* from thule.file(file_seen.path) f
        where thule_internal.may_reach(coalesce(f.parent, 1), thule_internal.present(), case when f.parent is null then 0 else 1 end, viewer);
end
$$;

create function thule_internal.files_in_seen(path text) returns setof thule.file
language plpgsql stable parallel safe security definer rows 100
as $$
begin
    if thule_internal.may_reach(thule_internal.plain_inode(path), thule_internal.present(), 5, thule_internal.session_sees()) then
        return query select f.* from thule.files_in(files_in_seen.path) f;
    end if;
end
$$;

create function thule_internal.files_under_seen(path text) returns setof thule.file
language plpgsql stable parallel safe security definer rows 1000
as $$
begin
    return query select s.* from thule_internal.tree_seen(thule_internal.present(), thule_internal.plain_inode(files_under_seen.path)) s
        where s.parent is not null;
end
$$;
