-- What a demand of thule_internal.asked comes to in this filesystem.
-- Parameters: home, what stands before its paths on the host (thule_internal.mount_path); about, how, wanted: the demand.
-- Returns: one row: names, paths from the mount's root that are wanted; above, directories whose names are wanted. Null: all of it.
-- Tables touched: those of thule.resolve and thule.path, dirent (read).
create function thule_internal.asked_places(home text, about text, how text, wanted text[], out names text[], out above bigint[])
language plpgsql stable parallel safe
as $$
declare
    word  text;
    place text;
begin
    names := '{}';
    above := '{}';
    for word in select distinct w from unnest(wanted) w loop
        -- Of a pattern, the last directory that has no wildcard in it.
        word := case when how = 'like' then substring(word from '^([^%_]*)/') when about = 'directory' then rtrim(word, '/') else word end;
        if word is null or how = 'like' and starts_with(home || '/', word || '/') then
            names := null;
            return;
        end if;
        if about = 'directory' and how = '=' and home = word || substring(home from '/[^/]*$') then
            names := names || '/'::text;
        end if;
        continue when not starts_with(word || '/', home || '/');
        place := substr(word, length(home) + 1);
        if about = 'path' or how = 'like' then
            names := names || coalesce(nullif(place, ''), '/');
        end if;
        if how = 'like' then
            above := above || array(
                with recursive below (ino) as (
                    select thule_internal.plain_inode(place)
                    union
                    select e.ino from below b cross join lateral (select d.ino from thule.dirent d where d.parent = b.ino offset 0) e
                )
                select b.ino from below b where b.ino is not null);
        elsif about = 'directory' then
            above := above || thule_internal.plain_inode(coalesce(nullif(place, ''), '/'));
        end if;
    end loop;
end
$$;
