-- New processes. A replayed journal can name one again.
insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, loginuid, exe, comm, cmdline,
                         cgroup, username, session, cwd, chain, unit, tag, run)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::integer[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[],
                     $13::text[], $14::text[], $15::integer[], $16::text[], $17::text[], $18::text[],
                     $19::text[], $20::text[])
on conflict (id) do nothing
