-- An undo that a user of root's mount asks its daemon for: $1 is what he typed (command_undo_args), and all that the client says. The
-- daemon puts in who asks: $2 host, $3 boot id, $4 pid, $5 start time, $6 parent, $7 uid, $8 gid, $9 login uid, $10 exe, $11 comm,
-- $12 cmdline, $13 cgroup, $14 user name, $15 as of thule_internal.permits; and answers with the result of the request, JSON, once it is done.
insert into thule.request (kind, args)
values ('undo', thule_internal.viewer_args($1::jsonb, $15::bigint[]) || jsonb_build_object('actor', thule_internal.actor_shown(
    jsonb_strip_nulls(jsonb_build_object('host', $2::text, 'boot_id', $3::text, 'pid', $4::integer, 'start_time', $5::bigint,
        'ppid', $6::integer, 'uid', $7::bigint, 'gid', $8::bigint, 'loginuid', $9::bigint, 'exe', $10::text, 'comm', $11::text,
        'cmdline', $12::text, 'cgroup', $13::text, 'username', $14::text)))))
returning id
