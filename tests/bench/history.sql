-- A filesystem with a long history, made by set-based inserts; psql variables:
--   filler  ops that change the times of 1,000 busy files, before what is compared
--   files   that are in folders of 200, and all of which then change: of twenty one is deleted, one gets another mode,
--           two are renamed and sixteen are overwritten
--   step    milliseconds between ops; 1 by default
-- Ops end now; those that change files are of another process than those before, and those that change modes have a tag. Leaves table bench_mark: the change is the ops from `before` on, and less
-- than `after`.
\set folders '(:files / 200)'
\if :{?step} \else
\set step 1
\endif
begin;
set local synchronous_commit = off;

-- First ops of the parts, and first inodes.
create table public.bench_mark as
select base, base + 1000 as filler_op, base + 1000 + :filler as folder_op,
    base + 1000 + :filler + :folders as file_op, base + 1000 + :filler + :folders + 2 * :files::bigint as before,
    base + 1000 + :filler + :folders + 4 * :files::bigint as after, ino as busy_ino, ino + 1000 as folder_ino,
    ino + 1000 + :folders as file_ino, blob, now() as until,
    (select max(id) from thule.mount) as mount, (select max(id) from thule.actor) as actor
from (select next_op as base, next_ino as ino, next_blob as blob from thule.superblock) s;
select base, filler_op, folder_op, file_op, before, after, busy_ino, folder_ino, file_ino, blob, mount, actor
from public.bench_mark \gset
insert into thule.actor (id, host, boot_id, pid, start_time, ppid, uid, gid, exe, comm, cmdline, cgroup, username, tag)
values (:before, 'bench', '', 1, 1, 1, 1000, 1000, '/usr/bin/rsync', 'rsync', 'rsync -a', '/', 'ada', 'nightly');
create function pg_temp.at(op bigint) returns timestamptz language sql stable
return (select until - (after - op) * :step * interval '1 millisecond' from public.bench_mark);

-- The root is as old as all that.
update thule.op set at = pg_temp.at(op - 1) where op < :base;
update thule.inode set valid_from = pg_temp.at(:base - 2) where ino = 1;

-- Busy files: every one of their ops makes a version.
insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
select :base + n, pg_temp.at(:base + n), 1, :busy_ino + n, 1, convert_to('busy' || n, 'UTF8'), :actor, :mount
from generate_series(0, 999) n;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
select 1, convert_to('busy' || n, 'UTF8'), :busy_ino + n, 2 * (:base + n), :base + n, pg_temp.at(:base + n)
from generate_series(0, 999) n;
insert into thule.op (op, at, kind, ino, actor, mount)
select :filler_op + k, pg_temp.at(:filler_op + k), 14, :busy_ino + k % 1000, :actor, :mount
from generate_series(0, :filler::bigint - 1) k;
insert into thule.inode_history
select :busy_ino + k % 1000, 33188, 1, 0, 0, 0, 0, 0, k, k, k, 0, 0, 0, 0, null, :filler_op + k - 1000,
    pg_temp.at(:filler_op + k - 1000), :filler_op + k, pg_temp.at(:filler_op + k)
from generate_series(0, :filler::bigint - 1) k;
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
    op_from, valid_from)
select :busy_ino + k % 1000, 33188, 1, 0, 0, 0, 0, 0, k, k, k, 0, :filler_op + k - 1000, pg_temp.at(:filler_op + k - 1000)
from generate_series(:filler::bigint, :filler::bigint + 999) k;

-- Folders and files as they were before.
insert into thule.op (op, at, kind, ino, parent, name, actor, mount)
select :folder_op + n, pg_temp.at(:folder_op + n), 2, :folder_ino + n, 1, convert_to('dir' || n, 'UTF8'), :actor, :mount
from generate_series(0, :folders - 1) n;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
select 1, convert_to('dir' || n, 'UTF8'), :folder_ino + n, 2 * (:folder_op + n), :folder_op + n,
    pg_temp.at(:folder_op + n)
from generate_series(0, :folders - 1) n;
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
    op_from, valid_from)
select :folder_ino + n, 16877, 2, 0, 0, 0, 4096, 4096, 1, 1, 1, 1, :folder_op + n, pg_temp.at(:folder_op + n)
from generate_series(0, :folders - 1) n;
update thule.inode set nlink = nlink + :folders where ino = 1;
create temp table part as
select n, n % 20 as part, :file_ino + n as ino, :folder_ino + n / 200 as parent,
    convert_to('file-' || n || '.txt', 'UTF8') as name, :file_op + 2 * n as made, :before + 2 * n as op,
    pg_temp.at(:file_op + 2 * n) as made_at, pg_temp.at(:before + 2 * n) as at
from generate_series(0, :files::bigint - 1) n;
insert into thule.op (op, at, kind, ino, parent, name, off, len, actor, mount)
select made + w, made_at + w * :step * interval '1 millisecond', case w when 0 then 1 else 10 end, ino,
    case w when 0 then parent end, case w when 0 then name end, nullif(w, 0) - 1, nullif(w, 0) * 100, :actor, :mount
from part, generate_series(0, 1) w
order by made, w;
insert into thule.blob (id, data)
select :blob + n, convert_to(rpad(n::text, 100, '.'), 'UTF8') from part;

-- What changes: ends.
insert into thule.inode_history
select ino, 33188, 1, 0, 0, 0, 100, 100, 1, 1, 1, 1, 0, 0, 0, null, made, made_at, op, at from part order by n;
insert into thule.inode_history
select ino, 33188, 1, 0, 0, 0, 0, 0, 1, 2, 2, 1, 0, 0, 0, null, op, at, op + 1, at + :step * interval '1 millisecond'
from part where part > 3 order by n;
insert into thule.dirent_history
select parent, name, ino, 2 * made, made, made_at, op, at from part where part in (0, 2, 3) order by n;
insert into thule.extent_history
select ino, 0, 100, :blob + n, 0, made + 1, op
from part where part = 0 or part > 3 order by n;
-- And begins, or stays.
insert into thule.inode (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns,
    op_from, valid_from)
select ino, case part when 1 then 33152 else 33188 end, 1, 0, 0, 0, 100, 100, 1, case when part > 3 then 3 else 1 end, 3, 1,
    case when part > 3 then op + 1 else op end, at
from part where part > 0;
insert into thule.dirent (parent, name, ino, cookie, op_from, valid_from)
select parent, case when part in (2, 3) then 'new-'::bytea || name else name end, ino,
    2 * case when part in (2, 3) then op else made end, case when part in (2, 3) then op else made end,
    case when part in (2, 3) then at else made_at end
from part where part > 0;
insert into thule.blob (id, data)
select :blob + :files + n, convert_to(rpad(n::text, 100, '!'), 'UTF8') from part where part > 3;
insert into thule.extent (ino, file_off, len, blob, blob_off, op_from)
select ino, 0, 100, :blob + n + case when part > 3 then :files else 0 end, 0,
    case when part > 3 then op + 1 else made + 1 end
from part where part > 0;
insert into thule.op (op, at, kind, ino, parent, name, new_parent, new_name, off, len, actor, mount, tag)
select op, at, case part when 0 then 6 when 1 then 12 when 2 then 8 when 3 then 8 else 11 end, ino,
    case when part in (0, 2, 3) then parent end, case when part in (0, 2, 3) then name end,
    case when part in (2, 3) then parent end, case when part in (2, 3) then 'new-'::bytea || name end,
    case when part > 3 then 0 end, null, :before, :mount, case part when 1 then 'nightly' end
from part
union all
select op + 1, at + :step * interval '1 millisecond', 10, ino, null, null, null, null, 0, 100, :before, :mount, null
from part where part > 3
order by 1;
update thule.superblock set next_op = :after, next_ino = :file_ino + :files, next_blob = :blob + 2 * :files;
drop table part;
commit;
vacuum analyze;
