-- The session as a user of the mount: select fx.as('uid gid group...'); null: as root, to whom no rules apply. Used with \ir, after fixture.sql.
create or replace function thule_internal.session_viewer() returns bigint[]
language sql stable
return string_to_array(nullif(current_setting('fx.viewer', true), ''), ' ')::bigint[];
create or replace function thule_internal.session_writer() returns bigint[]
language sql stable
return thule_internal.session_viewer();
create function fx.as(viewer text) returns void language plpgsql as $$
begin
    perform set_config('fx.viewer', coalesce(viewer, ''), true);
    update thule.sql_write set role = '';        -- is asked again
end $$;
