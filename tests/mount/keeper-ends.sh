#!/usr/bin/env bash
# Where a keeper's story ends: it dies itself, or with its daemon; no daemon comes up; it is told to end, or the filesystem is unmounted, with and
# without a daemon; and how the program is replaced.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

sends_again || skip "the kernel does not send again what was not answered"

THULE_TEST_OPTIONS=keeper

child() {
	pgrep --parent "$(daemon_pid)" --exact thulefs
}

serves() {
	[[ $("$THULE" status "$MNT" 2>/dev/null) == *"daemon number $1 "* ]]
}

await_daemon() { # NUMBER
	wait_until 60 serves "$1" || fail "daemon number $1 does not serve: $("$THULE" status "$MNT" 2>&1)"
}

dead() {
	assert_fails 'not connected|connection abort' timeout 120 ls "$MNT"
	fusermount3 -uz "$MNT"
}

# A program by a path of its own, which is replaced below.
mkdir "$CASE_DIR/bin"
install_program() { # FILE
	cp "$1" "$CASE_DIR/bin/new"
	chmod 755 "$CASE_DIR/bin/new"
	mv "$CASE_DIR/bin/new" "$CASE_DIR/bin/thulefs"
}
original=$THULEFS
install_program "$original"
THULEFS=$CASE_DIR/bin/thulefs

# What it cannot be combined with.
assert_fails 'keeper is for a mount that writes' "$THULEFS" "$THULE_SOURCE" "$MNT" -o keeper,at=op:1
assert_fails 'keeper cannot be had with transport=uring' "$THULEFS" "$THULE_SOURCE" "$MNT" -o keeper,transport=uring

# An upgrade by the same path: the daemon runs the file that is there now; what does not run changes nothing.
mount_fs
exec {open}>"$MNT/open"
echo before >&"$open"
install_program "$original"
assert_match "^thulefs .* serves $MNT\$" "$("$THULE" upgrade --daemon "$MNT")" "upgrade"
[[ /proc/$(child)/exe -ef $THULEFS ]] || fail "the daemon is not of the new file"
echo after >&"$open"
assert_eq $'before\nafter' "$(<"$MNT/open")" "a file that was open during an upgrade"
old=$(child)
printf '#!/bin/sh\nexit 1\n' >"$CASE_DIR/bad"
install_program "$CASE_DIR/bad"
assert_fails 'no thulefs that runs here: nothing was changed' "$THULE" upgrade --daemon "$MNT"
assert_eq "$old" "$(child)" "the daemon after a refused upgrade"
# A program that is broken does not end the mount: the keeper has another.
kill -KILL "$old"
await_daemon 4
echo more >&"$open"
assert_eq 3 "$(wc -l <"$MNT/open")" "lines after a broken program"
exec {open}>&-
install_program "$original"

# An upgrade that is asked for while a daemon is only coming up is made when it serves.
hold_log() { # its table is locked for two seconds, so that a successor cannot replay
	sql 'begin; lock table thule.op; select pg_sleep(2)' >/dev/null &
	sleeper=$!
	wait_until 60 locked || fail "not locked"
}
locked() { [[ $(sql "select count(*) from pg_locks where relation = 'thule.op'::regclass and mode = 'AccessExclusiveLock'") == 1 ]]; }
old=$(child)
hold_log
echo even more >>"$MNT/open"
kill -KILL "$old"
comes_up() { pid=$(child) && [[ $pid != "$old" ]]; }
wait_until 60 comes_up || fail "no successor"
kill -USR2 "$(daemon_pid)"
wait "$sleeper"
await_daemon 6
assert_eq 4 "$(wc -l <"$MNT/open")" "lines after an upgrade in the middle of a start"

# Another user may not.
assert_fails 'only root|cannot|not permitted' as_user 1234 "$THULE" upgrade --daemon "$MNT"
assert_fails 'needs DIR' "$THULE" upgrade --daemon

# Told to end, the keeper tells its daemon.
kill -TERM "$(daemon_pid)"
wait_daemon_gone
assert_eq 0 "$(<"$CASE_DIR/daemon.status")" "exit status after SIGTERM"
is_mounted && fail "still mounted after SIGTERM"

# The keeper dies: the mount goes on, without a successor.
mount_fs
pid=$(child)
kill -KILL "$(daemon_pid)"
wait_daemon_gone
echo x >"$MNT/x"
assert_match 'keeper has died' "$("$THULE" status "$MNT")" "status without a keeper"
assert_fails 'has no keeper' "$THULE" upgrade --daemon "$MNT"
kill -KILL "$pid"
wait_until 60 process_gone "$pid" || fail "the daemon is still there"
dead

# Both at once.
mount_fs
echo y >"$MNT/y"
pid=$(child)
kill -KILL "$(daemon_pid)" "$pid"
wait_until 60 process_gone "$pid" || fail "the daemon is still there"
dead
mount_fs
assert_eq y "$(<"$MNT/y")" "what was written before both died"

# Unmounted while there is no daemon: the successor commits what is left, and ends.
hold_log
echo z >"$MNT/z"
kill -KILL "$(child)"
timeout 120 umount --internal-only "$MNT" || fail "umount without a daemon"
wait "$sleeper"
wait_daemon_gone
assert_eq 0 "$(<"$CASE_DIR/daemon.status")" "exit status after an umount without a daemon"
mount_fs
assert_eq z "$(<"$MNT/z")" "what was committed after the umount"
umount_fs

# In the background, as people mount it.
"$THULE" mount "$THULE_SOURCE" "$MNT" --options keeper >/dev/null
keeper=$(pgrep --exact thulefs-keeper --ns $$ --nslist mnt)
pid=$(pgrep --parent "$keeper" --exact thulefs)
kill -KILL "$pid"
assert_eq z "$(<"$MNT/z")" "what a daemon in the background has"
[[ $(pgrep --parent "$keeper" --exact thulefs) != "$pid" ]] || fail "the daemon is the same"
timeout 120 "$THULE" umount "$MNT" || fail "thule umount"
wait_until 60 process_gone "$keeper" || fail "the keeper is still there"

# No daemon comes up: the keeper gives up, and nothing hangs.
THULE_TEST_OPTIONS=keeper,keeper_timeout=3
mount_fs
sql "alter database \"$CASE_DB\" allow_connections false" -d postgres
kill -KILL "$(child)"
timeout 5 stat "$MNT/nothing" >/dev/null 2>&1 || true
wait_daemon_gone
assert_match 'giving up: no daemon could be started' "$(<"$CASE_DIR/daemon.log")" "the log"
sql "alter database \"$CASE_DB\" allow_connections true" -d postgres
dead
# Something else writes while there is no daemon, as a mount on another host: what the kernel remembers is not served as if nothing had happened.
mount_fs
mkdir "$MNT/d"
sync_fs
pid=$(child)
stop_process "$(daemon_pid)"
kill -KILL "$pid"
wait_until 60 process_gone "$pid" || fail "the daemon is still there"
sql 'update thule.superblock set next_op = next_op + 5'
kill -CONT "$(daemon_pid)"
wait_daemon_gone
assert_match 'something else has changed the filesystem while its daemon was away' "$(tail -n 3 "$CASE_DIR/daemon.log")" "the log"
dead
THULE_TEST_OPTIONS=
mount_fs
assert_eq z "$(<"$MNT/z")" "what the next mount has"
