#!/usr/bin/env bash
# The daemon is killed, and the server crashes while the next mount is still looking at the journal that it left: what
# the server had committed, but not flushed, is not given up.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

echo x >"$MNT/first"
sync_fs
stop_process "$(sql "select pid from pg_stat_activity where backend_type = 'walwriter'")"
for i in 1 2 3 4 5 6 7 8 9 10; do
	echo "$i" >"$MNT/$i"
	sleep 0.03
done
kill_daemon
# The next mount gets as far as its row.
mkfifo "$CASE_DIR/commands"
"$THULE" sql -XAtq <"$CASE_DIR/commands" >"$CASE_DIR/said" 2>/dev/null &
exec 3>"$CASE_DIR/commands"
echo 'begin; select 1 from thule.mount where ended_at is null for update;' >&3
wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
"$THULEFS" private "$MNT" -f 3>&- >"$CASE_DIR/second.log" 2>&1 &
mounting=$!
waits() {
	[[ $(sql "select count(*) from pg_stat_activity where application_name = 'thulefs drain' and wait_event_type = 'Lock'") == 1 ]]
}
wait_until 60 waits || fail "the mount does not wait for its row: $(<"$CASE_DIR/second.log")"
private_pg_ctl stop -m immediate
wait "$mounting" && fail "it has mounted"
exec 3>&-
start_db
mount_fs
for i in 1 2 3 4 5 6 7 8 9 10; do
	assert_eq "$i" "$(<"$MNT/$i")" "file $i"
done
