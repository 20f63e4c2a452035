-- What the programs rely on is refused by the tables themselves: each CHECK constraint of schema thule, of a table or a domain, refuses what it is for, and
-- takes what is at its bounds.
begin;
\ir fixture.sql
select no_plan();
select fx.tree();
select fx.write('/dir/file', 0, 'abcdef');
insert into thule.snapshot (name, op, at, created_by) values ('kept', 102, fx.at(102), 'me');
insert into thule.xattr (ino, name, value, op_from, valid_from) values (102, 'user.a', 'v', 107, fx.at(107));
insert into thule.quota (kind, id, name) values (0, 1000, 'ada');
insert into thule.request (kind) values ('undo');
insert into thule.run (id, tag, command, host, boot_id, pid, pid_ns, start_time, time_ns) values ('r', 't', 'c', 'h', 'b', 1, 0, 1, 0);
insert into thule.hold (ino, path, by) values (102, '/dir/file', 'me');
insert into thule.receipt (path, by, files, names, versions, blobs, bytes, shared, size) values ('/x', 'me', '{}', 0, 0, 0, 0, 0, 0);
insert into thule.live_lock (mount, ino, kind, writes, waiting, first_byte) values (1, 102, 0, true, false, 0);
insert into thule.cluster_lock (session, ino, flock, owner, writes, first_byte, last_byte) values (20, 102, false, 1, true, 0, 9);
insert into thule.role (role, kind, uid, gid, set_by) values ('web', 'reader', 5, 5, 'ada');
insert into thule.account (is_group, id, host, name) values (false, 1000, 'north', 'ada');
insert into thule.pruned_inode (ino, op) values (102, 102);
select thule_internal.audit_seal('me');
insert into thule.clock_step (op, at) values (102, fx.at(102));

-- Damage, and the constraint that refuses it.
create table fx.damage (constraint_name text, command text);
insert into fx.damage values
    ('account_id', 'update thule.account set id = -1'),
    ('account_id', $$update thule.account set name = ''$$),
    ('actor_numbers', 'update thule.actor set pid = -1 where id = 17'),
    ('actor_numbers', 'update thule.actor set ppid = -1 where id = 17'),
    ('actor_numbers', 'update thule.actor set uid = -1 where id = 17'),
    ('actor_numbers', 'update thule.actor set gid = 4294967296 where id = 17'),
    ('actor_numbers', 'update thule.actor set loginuid = 4294967295 where id = 17'),
    ('actor_numbers', 'update thule.actor set start_time = -1 where id = 17'),
    ('actor_run', $$update thule.actor set run = 'r', tag = null where id = 17$$),
    ('row_id_possible', 'update thule.blob set id = 0'),
    ('blob_bytes_possible', $$update thule.blob set data = repeat('x', 131073)::bytea$$),
    ('clock_step_op', 'update thule.clock_step set op = 0'),
    ('entry_name_possible', $$update thule.dirent set name = 'a/b' where name = 'empty'$$),
    ('entry_name_possible', $$update thule.dirent set name = '' where name = 'empty'$$),
    ('entry_name_possible', $$update thule.dirent set name = '..' where name = 'empty'$$),
    ('entry_name_possible', $$update thule.dirent set name = '\x6100' where name = 'empty'$$),
    ('entry_name_possible', $$update thule.dirent set name = repeat('x', 256)::bytea where name = 'empty'$$),
    ('inode_number_possible', 'update thule.dirent set ino = 0'),
    ('inode_number_possible', 'update thule.dirent set parent = 0'),
    ('entry_cookie_possible', 'update thule.dirent set cookie = 2'),
    ('file_mode_possible', 'update thule.inode set mode = 65536 where ino = 102'),
    ('file_size_possible', 'update thule.inode set allocated = 9223372036854771713 where ino = 102'),
    ('link_target_possible', $$update thule.inode set target = '' where ino = 104$$),
    ('link_target_possible', $$update thule.inode set target = '\x6100' where ino = 104$$),
    ('link_target_possible', $$update thule.inode set target = repeat('x', 4096)::bytea where ino = 104$$),
    ('number32_possible', 'update thule.inode set rdev = 4294967296 where ino = 102'),
    ('number32_possible', 'update thule.inode set project = -1 where ino = 102'),
    ('extent_length_possible', 'update thule.extent set len = 0'),
    ('extent_length_possible', 'update thule.extent set len = 131073'),
    ('file_size_possible', 'update thule.extent set file_off = -1'),
    ('row_id_possible', 'update thule.extent set blob = 0'),
    ('amount_possible', 'update thule.extent set blob_off = -1'),
    ('hold_ino', 'update thule.hold set ino = 0'),
    ('file_mode_possible', 'update thule.inode set mode = 420 where ino = 102'),
    ('file_size_possible', 'update thule.inode set size = -1 where ino = 102'),
    ('owner_number_possible', 'update thule.inode set uid = 4294967295 where ino = 102'),
    ('lease_one_check', 'update thule.lease set one = false'),
    ('cluster_lock_range', 'update thule.cluster_lock set first_byte = -1'),
    ('cluster_lock_range', 'update thule.cluster_lock set first_byte = 5, last_byte = 4'),
    ('live_lock_range', 'update thule.live_lock set kind = 4'),
    ('live_lock_range', 'update thule.live_lock set first_byte = -1'),
    ('live_lock_range', 'update thule.live_lock set first_byte = 5, last_byte = 4'),
    ('mount_numbers', 'update thule.mount set pid = -1'),
    ('mount_numbers', 'update thule.mount set device = -1'),
    ('mount_numbers', 'update thule.mount set last_op = -1'),
    ('op_number_possible', 'update thule.op set op = 0 where op = 100'),
    ('op_number_possible', 'update thule.op set op = 4611686018427387904 where op = 100'),
    ('inode_number_possible', 'update thule.op set ino = 0 where op = 100'),
    ('inode_number_possible', 'update thule.op set ino = 1099511627776 where op = 100'),
    ('amount_possible', 'update thule.op set off = -1 where op = 100'),
    ('amount_possible', 'update thule.op set len = -1 where op = 100'),
    ('row_id_possible', 'update thule.op set actor = 0 where op = 100'),
    ('mount_number_possible', 'update thule.op set mount = 0 where op = 100'),
    ('kind_number_possible', 'update thule.op set kind = 0 where op = 100'),
    ('pruned_inode_numbers', 'update thule.pruned_inode set ino = 0'),
    ('chain_link', 'update thule.chain set link = 0'),
    ('chain_link', $$update thule.chain set kind = 'other'$$),
    ('chain_link', $$update thule.chain set parts = 'short'$$),
    ('chain_link', $$update thule.chain set digest = 'short'$$),
    ('pruned_inode_numbers', 'update thule.pruned_inode set op = 0'),
    ('quota_kind_check', 'update thule.quota set kind = 3'),
    ('quota_bytes_limit_check', 'update thule.quota set bytes_limit = -1'),
    ('quota_inodes_limit_check', 'update thule.quota set inodes_limit = -1'),
    ('quota_history_limit_check', 'update thule.quota set history_limit = -1'),
    ('quota_check', 'update thule.quota set ino = 102'),
    ('quota_check1', 'update thule.quota set kind = 1, history_limit = 5'),
    ('receipt_numbers', 'update thule.receipt set bytes = -1'),
    ('receipt_numbers', $$update thule.receipt set sha256 = 'short'$$),
    ('request_answer', $$update thule.request set error = 'no'$$),
    ('request_answer', $$update thule.request set result = '{}'$$),
    ('request_answer', $$update thule.request set done_at = now(), error = 'no', result = '{}'$$),
    ('request_answer', $$update thule.request set done_at = now(), made = '[1,2)'$$),
    ('role_kind', $$update thule.role set kind = 'king'$$),
    ('role_user', $$update thule.role set kind = 'auditor'$$),
    ('role_user', 'update thule.role set gid = null'),
    ('role_ids', 'update thule.role set uid = -1'),
    ('role_ids', 'update thule.role set gid = 4294967295'),
    ('run_numbers', 'update thule.run set pid = -1'),
    ('run_numbers', 'update thule.run set status = 256'),
    ('snapshot_name', $$update thule.snapshot set name = 'a/b'$$),
    ('snapshot_name', $$update thule.snapshot set name = ''$$),
    ('snapshot_name', $$update thule.snapshot set name = '..'$$),
    ('snapshot_name', $$update thule.snapshot set name = repeat('x', 256)$$),
    ('snapshot_op_kept', 'update thule.snapshot set op = 0'),
    ('op_number_possible', 'update thule.superblock set next_op = 0'),
    ('inode_number_possible', 'update thule.superblock set next_ino = 1099511627776'),
    ('xattr_text', $$update thule.xattr set name = ''$$),
    ('xattr_text', $$update thule.xattr set value = repeat('x', 65537)::bytea$$);

-- Which constraint refuses a command; that none does is told by a text that is no name.
create function fx.refused_by(command text) returns text language plpgsql as $$
declare
    refused text;
    touched bigint;
begin
    execute command;
    get diagnostics touched = row_count;
    raise exception sqlstate 'UNDO1' using message = case when touched = 0 then 'it touches no row' else 'it is taken' end;
exception
    when check_violation then
        get stacked diagnostics refused = constraint_name;
        return refused;
    when sqlstate 'UNDO1' then
        return sqlerrm;
end $$;
select is(fx.refused_by(command), constraint_name, constraint_name || ': ' || command) from fx.damage;

select is_empty($$select conrelid::regclass, contypid::regtype, conname from pg_constraint
    where connamespace = 'thule'::regnamespace and contype = 'c' and conname not in (select constraint_name from fx.damage)$$,
    'no constraint is without a test');
-- What each batch writes has none of its own: PostgreSQL parses them anew for each statement, and somebody waits for it. What takes two columns is
-- found by thule.fsck there.
select is_empty($$select conrelid::regclass, conname from pg_constraint where contype = 'c'
    and conrelid = any ('{thule.op, thule.inode, thule.dirent, thule.extent, thule.blob, thule.superblock}'::regclass[])$$,
    'tables that each batch writes have no constraint');
-- The tables of versions that ended have the constraints of the present ones.
select is_empty($$select p.conrelid::regclass, p.conname from pg_constraint p join pg_class c on c.oid = p.conrelid
    where c.relnamespace = 'thule'::regnamespace and c.relname in ('inode', 'dirent', 'extent', 'xattr') and p.contype = 'c'
        and not exists (select from pg_constraint h where h.conrelid = ('thule.' || c.relname || '_history')::regclass and h.conname = p.conname
            and pg_get_constraintdef(h.oid) = pg_get_constraintdef(p.oid))$$, 'the past has them, too');

-- What is at the bounds is taken.
select is(fx.refused_by(command), 'it is taken', command) from (values
    ('update thule.op set op = 4611686018427387903, off = 0, len = 0 where op = 100'),
    ('update thule.op set off = 9223372036854771712, len = 9223372036854771712 where op = 100'),
    ('update thule.op set ino = 1099511627775 where op = 100'),
    ('update thule.actor set pid = 0, uid = 0, gid = 4294967295, loginuid = null where id = 17'),
    ('update thule.live_lock set first_byte = 5, last_byte = 5, kind = 3'),
    ('update thule.run set status = 255'),
    ($$update thule.request set done_at = now(), result = '{}', made = 'empty', undone = '{}'$$),
    ($$update thule.request set done_at = now(), error = 'no'$$),
    ($$update thule.snapshot set name = repeat('x', 255)$$),
    ('update thule.superblock set pruned_op = next_op')) t (command);

select * from finish();
rollback;
