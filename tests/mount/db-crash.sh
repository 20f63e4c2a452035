#!/usr/bin/env bash
# The server dies as in a crash while the filesystem is idle, which its sessions are told by a warning and no error:
# what is written then waits for the server and is in it.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

idle_daemon() {
	[[ $(sql "select count(*) from pg_stat_activity where application_name like 'thulefs%' and state <> 'idle'") == 0 ]]
}

number=0
write_and_sync() {
	number=$((number + 1))
	echo "$number" >"$MNT/$number"
	timeout 120 sync "$MNT/$number" || fail "sync after $1"
	assert_eq "/$number" "$(sql 'select path from thule.change order by op desc limit 1')" "the last change after $1"
}

write_and_sync "nothing"
wait_until 60 idle_daemon || fail "the daemon is not idle"
private_pg_ctl stop -m immediate
start_db
write_and_sync "an immediate shutdown"

# A server process that is killed takes all sessions with it; the server begins anew by itself.
wait_until 60 idle_daemon || fail "the daemon is not idle"
sql 'select pg_sleep(60)' 2>/dev/null &
sleeper() {
	sql "select pid from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'"
}
sleeps() {
	[[ -n $(sleeper) ]]
}
wait_until 60 sleeps || fail "no session to kill"
kill -KILL "$(sleeper)"
accepts() {
	sql 'select' 2>/dev/null
}
wait $! && fail "the session survived"
wait_until 60 accepts || fail "the server does not come back"
write_and_sync "a crash"

# An access time is no op: it comes after the last one that the new session knows of.
cat "$MNT/1" >/dev/null
seen=$(stat -c %X.%x "$MNT/1")
sql "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'thulefs drain'" >/dev/null
sync_fs
sleep 1
cat "$MNT/2" >/dev/null
second=$(stat -c %x "$MNT/2")
remount_fs
assert_eq "$seen" "$(stat -c %X.%x "$MNT/1")" "an access time from before the session was lost"
assert_eq "$second" "$(stat -c %x "$MNT/2")" "one from after it"

private_pg_ctl stop -m immediate
echo last >"$MNT/last" &
start_db
wait $! || fail "a write while the server was away"
remount_fs
assert_eq last "$(<"$MNT/last")" "written while the server was away, after a remount"
