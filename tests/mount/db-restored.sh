#!/usr/bin/env bash
# A database that goes back to before what it had on disk, as one that is restored from a backup: the journal does not
# continue it, so nothing is applied, neither under a mount nor by the next one.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

next_op() {
	sql 'select next_op from thule.superblock'
}
go_back() {
	sql 'update thule.superblock set next_op = 17'
}
go_on() { # NEXT-OP
	sql "update thule.superblock set next_op = $1"
}

for i in 1 2 3 4 5; do
	echo "$i" >"$MNT/$i"
done
sync_fs
# What comes now cannot be committed, and stays in the journal of a daemon that is killed.
mkfifo "$CASE_DIR/commands"
psql -XAtq -d "$THULE_SOURCE" <"$CASE_DIR/commands" >"$CASE_DIR/said" &
exec 3>"$CASE_DIR/commands"
echo 'begin; lock table thule.op; select 1;' >&3
wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
echo later >"$MNT/later"
kill_daemon
exec 3>&-
wait
true_next=$(next_op)
go_back
assert_fails 'begins after op.*restored from a backup' "$THULEFS" "$THULE_SOURCE" "$MNT" -f
go_on "$true_next"
mount_fs
assert_eq later "$(<"$MNT/later")" "what was in the journal"

sync_fs
true_next=$(next_op)
go_back
sql "select count(pg_terminate_backend(pid)) from pg_stat_activity
	where application_name = 'thulefs drain' and datname = current_database()" >/dev/null
echo lost >"$MNT/lost" || true
assert_fails 'input/output error' sync "$MNT"
assert_match 'lost what it had on disk' "$(tail -n 3 "$CASE_DIR/daemon.log")" "the daemon"
go_on "$true_next"
fusermount3 -u "$MNT"
wait_daemon_gone
mount_fs
assert_eq 1 "$(<"$MNT/1")" "a file, once the database is whole again"
