-- Locks on files that hold across mounts: what one owner takes, splits and releases, what others may have beside it, and circles of those who wait.
begin;
\ir fixture.sql
select no_plan();

create function pg_temp.take(owner bigint, mode text, first_byte bigint, last_byte bigint, request bigint default null, ino bigint default 100, flock boolean default false,
    session integer default 1000) returns text language sql
return (select s.outcome || case when s.held then ' held' else '' end
    from thule_internal.lock_set(session, ino, flock, owner, case mode when 'w' then true when 'r' then false end, first_byte, last_byte, 77, request) s);
create function pg_temp.held(owner bigint) returns text language sql
return (select string_agg(case when l.writes then 'w' else 'r' end || l.first_byte || '-' || case when l.last_byte < 9223372036854775807 then l.last_byte::text else '' end, ' ' order by l.first_byte)
    from thule.cluster_lock l where l.owner = held.owner and l.request is null);

select is(pg_temp.take(1, 'w', 0, 9), 'lost', 'a session that has not begun has lost all');
insert into thule.lock_session (session, mount) values (1000, 1);
select pg_advisory_lock(thule_internal.lease_key(), 1000);
select set_eq($$select thule_internal.lock_sessions()$$, array[1000], 'a session that is connected');

select is(pg_temp.take(1, 'w', 10, 19), 'done held', 'a lock');
select is(pg_temp.take(1, 'w', 20, 29), 'done held', 'one beside it');
select is(pg_temp.held(1), 'w10-29', 'is one with it');
select is(pg_temp.take(1, 'r', 15, 16), 'done held', 'a part is made shared');
select is(pg_temp.held(1), 'w10-14 r15-16 w17-29', 'which makes three of it');
select is(pg_temp.take(1, null, 12, 20), 'done held', 'a part is released');
select is(pg_temp.held(1), 'w10-11 w21-29', 'which leaves its ends');
select is(pg_temp.take(1, 'r', 0, 9223372036854775807), 'done held', 'all of the file');
select is(pg_temp.held(1), 'r0-', 'takes the place of all');
select is(pg_temp.take(1, null, 5, 9223372036854775807), 'done held', 'all from a byte on is released');
select is(pg_temp.held(1), 'r0-4', 'and the bytes before stay');
select is(pg_temp.take(1, 'r', 9223372036854775807, 9223372036854775807), 'done held', 'the last byte that there can be');
select is(pg_temp.take(1, null, 0, 9223372036854775807), 'done', 'nothing is held');
select is(pg_temp.held(1), null, 'any more');

select is(pg_temp.take(1, 'w', 0, 9), 'done held', 'one owner');
select is(pg_temp.take(2, 'r', 9, 12), 'conflict', 'another one, of the same byte');
select is(pg_temp.take(2, 'r', 10, 12), 'done held', 'of others');
select is(pg_temp.take(1, 'w', 0, 10), 'conflict held', 'what cannot be had leaves what there is');
select is(pg_temp.held(1), 'w0-9', 'as it is');
select is(pg_temp.take(2, 'w', 0, 9223372036854775807, flock => true), 'done held', 'flock(2) is another kind');
select is(pg_temp.take(1, 'r', 0, 9223372036854775807, flock => true), 'conflict', 'with the same rules');
select is(pg_temp.take(2, 'r', 0, 9223372036854775807, flock => true), 'done held', 'made shared');
select is(pg_temp.take(1, 'r', 0, 9223372036854775807, flock => true), 'done held', 'it can be had');
select is(pg_temp.take(1, 'w', 0, 9223372036854775807, flock => true), 'conflict', 'and changing it in vain loses it');

-- Who waits, and for whom.
select is(pg_temp.take(2, 'w', 5, 5, request => 7), 'waits held', 'one waits');
select is(pg_temp.take(2, 'w', 5, 5, request => 7), 'waits held', 'and asks again');
select is((select count(*) from thule.cluster_lock l where l.request = 7), 1::bigint, 'which is there once');
select is(pg_temp.take(1, 'r', 10, 10, request => 8), 'done held', 'who asks for what is shared need not wait');
select is(pg_temp.take(1, 'w', 10, 10, request => 9), 'circle held', 'who asks for what the other has would wait for ever');
select is(pg_temp.take(3, 'w', 100, 100), 'done held', 'a third owner');
select is(pg_temp.take(3, 'w', 11, 11, request => 10), 'waits held', 'that waits for the second, which waits for the first');
select is(pg_temp.take(1, 'w', 100, 100, request => 11), 'circle held', 'is in the circle as well');
select lives_ok($$select thule_internal.lock_leave(1000, 7)$$, 'the second waits no longer');
select is(pg_temp.take(1, 'w', 100, 100, request => 11), 'waits held', 'then there is none');

-- A session that is not connected.
insert into thule.lock_session (session, mount) values (1001, 2);
insert into thule.cluster_lock (session, ino, flock, owner, writes, first_byte, last_byte) values (1001, 200, false, 1, true, 0, 9), (1001, 201, false, 1, true, 0, 9);
select is((select count(*) from thule_internal.lock_conflict(1000, 200, false, 1, true, 0, 9)), 1::bigint, 'the same number in another session is another owner');
select is(pg_temp.take(1, 'w', 9, 9, ino => 200), 'done held', 'whose session is gone has lost its locks');
select is_empty($$select from thule.cluster_lock l where l.session = 1001$$, 'all of them');
select is(pg_temp.take(1, 'w', 9, 9, session => 1001), 'lost', 'and is told');

-- Sessions that begin, are lost and go on.
select ok(pg_temp.take(1, 'w', 0, 0, ino => 300, session => b.session) = 'done held' and not b.kept, 'a new session')
from thule_internal.lock_begin(1, null) b;
select ok(b.kept and b.session = 1000, 'one that goes on') from thule_internal.lock_begin(1, 1000) b;
select is_empty($$select from thule.cluster_lock l where l.request is not null$$, 'waits for nothing until it asks again');
select is((select count(*) from thule.cluster_lock l where l.session = 1000 and l.ino = 200), 1::bigint, 'and has its locks');
select ok(not b.kept and b.session <> 1001, 'not one that has lost them') from thule_internal.lock_begin(1, 1001) b;
select lives_ok($$select thule_internal.lock_leave(1000, null)$$, 'a session ends');
select is_empty($$select from thule.cluster_lock l where l.session = 1000$$, 'with all its locks');

select finish();
rollback;
