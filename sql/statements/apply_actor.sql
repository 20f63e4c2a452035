-- New processes. A replayed journal can name one again.
insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, loginuid, exe, comm, cmdline,
                         cgroup, username, session, cwd, chain, unit, tag, run, exe_seen, exe_deleted, incomplete)
select a.id, a.host, a.boot_id, a.pid, a.start_time, a.ppid, a.uid, a.gid, a.loginuid, a.exe, a.comm, a.cmdline,
    a.cgroup, a.username, a.session, a.cwd, a.chain, a.unit, a.tag, a.run,
    case when a.marks & 1 <> 0 then true when a.marks & 2 <> 0 then false end, a.marks & 4 <> 0, a.marks & 8 <> 0
from unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::bigint[], $6::integer[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[],
                     $13::text[], $14::text[], $15::integer[], $16::text[], $17::text[], $18::text[],
                     $19::text[], $20::text[], $21::smallint[])
    as a (id, host, boot_id, pid, start_time, ppid, uid, gid, loginuid, exe, comm, cmdline,
          cgroup, username, session, cwd, chain, unit, tag, run, marks)
on conflict (id) do nothing
