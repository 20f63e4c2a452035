-- A process as a JSON object with the columns of thule.actor. $1 host, $2 boot id, $3 pid, $4 start time, $5 parent,
-- $6 uid, $7 gid, $8 login uid; then texts, escaped: $9 exe, $10 comm, $11 cmdline, $12 cgroup, $13 user name. Any may
-- be null.
select jsonb_strip_nulls(jsonb_build_object('host', $1::text, 'boot_id', $2::text, 'pid', $3::integer,
    'start_time', $4::bigint, 'ppid', $5::integer, 'uid', $6::bigint, 'gid', $7::bigint, 'loginuid', $8::bigint,
    'exe', $9::text, 'comm', $10::text, 'cmdline', $11::text, 'cgroup', $12::text, 'username', $13::text))
