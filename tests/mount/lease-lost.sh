#!/usr/bin/env bash
# The lease goes with the session that holds it. A daemon notices that also while nothing is written, acknowledges nothing
# without it, and takes it back; when another host has written meanwhile, nothing of the old state is shown any more, and
# what was acknowledged and did not get into the database is kept in a file.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
unshare --mount --uts true 2>/dev/null || skip "no mount namespace can be made here"

holder() {
	sql "select l.pid from pg_locks l join pg_stat_activity a using (pid)
		where l.locktype = 'advisory' and l.classid = 1953003884 and l.pid = thule.lease_holder() and l.granted
			and a.application_name = 'thulefs drain'" 2>/dev/null
}
end_drain() {
	sql "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'thulefs drain'" >/dev/null
}
held_by_another() { # PID
	local now
	now=$(holder)
	[[ -n $now && $now != "$1" ]]
}
idle_daemon() {
	[[ $(sql "select count(*) from pg_stat_activity where application_name like 'thulefs%' and state <> 'idle'") == 0 ]]
}
lost_times() { # COUNT
	[[ $(grep -c "holds the filesystem's lease is lost" "$CASE_DIR/daemon.log") == "$1" ]]
}
status_says() { # REGEX
	local said
	said=$("$THULE" status "$MNT" 2>&1) || true
	grep -qE -- "$1" <<<"$said"
}

echo one >"$MNT/one"
sync_fs
wait_until 60 idle_daemon || fail "the daemon is not idle"

# Nobody writes: it is taken back all the same, and each loss is in the log.
old=$(holder)
end_drain
wait_until 60 held_by_another "$old" || fail "the lease is not taken back after its session was ended"
old=$(holder)
private_pg_ctl stop -m fast
wait_until 60 lost_times 2 || fail "the log does not say that the lease is lost"

# Without it nothing is acknowledged.
echo two >"$MNT/two" &
writing=$!
wait_until 1 process_gone "$writing" && fail "a write was acknowledged without the lease"
start_db
wait_until 60 held_by_another "$old" || fail "the lease is not taken back after a restart"
wait "$writing" || fail "the write that waited failed"
status_says 'lease +held' || fail "thule status: $("$THULE" status "$MNT")"
assert_match "session that holds the filesystem's lease is lost.*has the filesystem's lease again" \
	"$(tr '\n' ' ' <"$CASE_DIR/daemon.log")" "the log"

# The session of old that the server takes for alive does not stand in its own way.
wait_until 60 idle_daemon || fail "the daemon is not idle"

# What is acknowledged now cannot be committed. Then the daemon is cut off, and another host mounts.
mkfifo "$CASE_DIR/commands"
"$THULE" sql -XAtq <"$CASE_DIR/commands" >"$CASE_DIR/said" &
exec 3>"$CASE_DIR/commands"
echo 'begin; lock table thule.op in share mode; select 1;' >&3
wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
cat "$MNT/one" >/dev/null
echo lost >"$MNT/acknowledged"
stop_process "$(daemon_pid)"
end_drain
exec 3>&-
mkdir "$CASE_DIR/second"
cat >"$CASE_DIR/other-host" <<-'HOST'
	set -eu
	hostname second
	mount -t tmpfs shm /dev/shm
	mkdir -p /run/thulefs
	mount -t tmpfs run /run/thulefs
	"$THULE" mount private "$1"
	echo changed >"$1/one"
	echo theirs >"$1/theirs"
	"$THULE" umount "$1"
HOST
unshare --mount --uts bash "$CASE_DIR/other-host" "$CASE_DIR/second" >"$CASE_DIR/second.log" 2>&1 ||
	fail "the other host: $(<"$CASE_DIR/second.log")"
kill -CONT "$(daemon_pid)"

wait_until 60 status_says 'lease +gone' || fail "thule status: $("$THULE" status "$MNT" 2>&1)"
refused() {
	! timeout 10 cat "$MNT/one" >/dev/null 2>&1
}
wait_until 60 refused || fail "what was there before is still shown: $(<"$MNT/one")"
assert_fails 'input/output error|stale' cat "$MNT/theirs"
assert_fails 'input/output error|stale' cat "$MNT/acknowledged"
assert_fails 'input/output error|stale' ls "$MNT"
assert_fails 'input/output error|stale' bash -c "echo x >'$MNT/new'"
assert_fails 'input/output error|stale' sync "$MNT"
kept=$(sed -nE 's/.*are kept in ([^ ,]+),.*/\1/p' "$CASE_DIR/daemon.log")
[[ -n $kept && -s $kept ]] || fail "the log names no file that is kept: $(tail -n 5 "$CASE_DIR/daemon.log")"
trap 'rm -f "$kept"' EXIT
status_says "$kept" || fail "thule status does not name $kept: $("$THULE" status "$MNT" 2>&1)"
shown=$("$THULE" journal show "$kept")
assert_match 'write .* 5 bytes' "$shown" "thule journal show"
op=$(sed -nE 's/^(op:[0-9]+) .* write .*/\1/p' <<<"$shown" | tail -n 1)
assert_eq lost "$("$THULE" journal show "$kept" "$op")" "the bytes that $op wrote"
assert_match "$kept" "$("$THULE" journal list)" "thule journal list"
assert_fails "$kept" "$THULE" umount "$MNT"
wait_daemon_gone
mount_fs
assert_eq changed "$(<"$MNT/one")" "the other host's write"
assert_eq theirs "$(<"$MNT/theirs")" "the other host's file"
[[ ! -e $MNT/acknowledged && -s $kept ]] || fail "what was kept went into the database, or away"

# A mount of the past waits for a server that lacks the end of it, as one that crashed does until it is brought again.
now=$(sql 'select next_op - 1 from thule.superblock')
mkdir "$CASE_DIR/past"
"$THULEFS" private "$CASE_DIR/past" -f -o "at=op:$now" >"$CASE_DIR/past.log" 2>&1 &
past=$!
trap 'rm -f "$kept"; umount -l "$CASE_DIR/past" 2>/dev/null || true' EXIT
past_mounted() {
	grep -q " $CASE_DIR/past " /proc/mounts
}
wait_until 60 past_mounted || fail "the past is not mounted: $(<"$CASE_DIR/past.log")"
umount_fs
sql "update thule.superblock set next_op = 5"
sql "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name in ('thulefs reader', 'thulefs past')" >/dev/null
past_waits() {
	grep -q 'database ends with op 4, before op' "$CASE_DIR/past.log"
}
wait_until 60 past_waits || fail "the mount of the past does not wait: $(<"$CASE_DIR/past.log")"
cat "$CASE_DIR/past/one" >"$CASE_DIR/past.one" &
reading=$!
wait_until 1 process_gone "$reading" && fail "the mount of the past answers from a database that lacks it"
sql "update thule.superblock set next_op = $now + 1"
wait "$reading" || fail "a read of the past after the wait"
assert_eq changed "$(<"$CASE_DIR/past.one")" "what was read of the past"
umount "$CASE_DIR/past"
wait "$past" || fail "the daemon of the past"
mount_fs
