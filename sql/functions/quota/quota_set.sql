-- Sets, changes or removes a quota; what thule_internal.perform does for a request of kind quota.
-- Parameters: args, {"action": "set", "unset" or "count", which changes nothing, "kind": 0, 1 or 2, "id": uid or gid, "path": escaped, of a tree, "name":
--   for people, "bytes", "inodes", "history": the limit, null for none; not there: as it was}.
-- Returns: a JSON object with kind and id. Errors: no such directory, no such quota (no_data_found), it has no limit, or one of
--   the past that is not a user's
--   (invalid_parameter_value).
-- Tables touched: quota, inode (written), dirent (read).
create function thule_internal.quota_set(args jsonb) returns jsonb
language plpgsql
as $$
declare
    wanted thule.quota := jsonb_populate_record(null::thule.quota, args);
    had    thule.quota;
begin
    if args ->> 'action' = 'count' then
        return '{}';
    end if;
    if wanted.kind = 2 then
        wanted.name := args ->> 'path';
        wanted.ino := thule.resolve(wanted.name);
        if wanted.ino is null and args ->> 'action' = 'unset' then
            select q.ino into wanted.ino
            from thule.quota q
            where q.name = wanted.name and not exists (select from thule.dirent d where d.ino = q.ino);
        elsif not exists (select from thule.inode i where i.ino = wanted.ino and thule_internal.is_directory(i.mode)) then
            raise exception using errcode = 'no_data_found', message = format('there is no directory %s now', quote_literal(wanted.name)),
                hint = '`thule quota set` takes the path of a directory that is there, or --user or --group.';
        end if;
        select q.* into had from thule.quota q where q.ino = wanted.ino;
        wanted.id := coalesce(had.id, (select coalesce(max(q.id), 0) + 1 from thule.quota q where q.kind = 2));
    else
        select q.* into had from thule.quota q where q.kind = wanted.kind and q.id = wanted.id;
    end if;
    if args ->> 'action' = 'unset' then
        delete from thule.quota q where q.kind = wanted.kind and q.id = had.id;
        if not found then
            raise exception using errcode = 'no_data_found', message = format('%s has no quota', wanted.name),
                hint = '`thule quota list` shows which there are.';
        end if;
    else
        wanted.bytes_limit := case when args ? 'bytes' then (args ->> 'bytes')::bigint else had.bytes_limit end;
        wanted.inodes_limit := case when args ? 'inodes' then (args ->> 'inodes')::bigint else had.inodes_limit end;
        wanted.history_limit := case when args ? 'history' then (args ->> 'history')::bigint else had.history_limit end;
        if wanted.kind <> 0 and wanted.history_limit is not null then
            raise exception using errcode = 'invalid_parameter_value',
                message = 'only users can have a limit of the past', hint = 'Give --user with --history-bytes.';
        end if;
        if num_nonnulls(wanted.bytes_limit, wanted.inodes_limit, wanted.history_limit) = 0 then
            raise exception using errcode = 'invalid_parameter_value',
                message = format('%s would have no limit at all', wanted.name),
                hint = '`thule quota unset` takes its quota away.';
        end if;
        insert into thule.quota (kind, id, ino, name, bytes_limit, inodes_limit, history_limit)
            values (wanted.kind, wanted.id, wanted.ino, wanted.name, wanted.bytes_limit, wanted.inodes_limit,
                wanted.history_limit)
            on conflict (kind, id) do update
            set name = excluded.name, bytes_limit = excluded.bytes_limit, inodes_limit = excluded.inodes_limit,
                history_limit = excluded.history_limit, set_at = now();
    end if;
    return jsonb_build_object('kind', wanted.kind, 'id', coalesce(had.id, wanted.id));
end
$$;
