#!/usr/bin/env bash
# The kernel gives the number of a connection that is gone to the next mount, while the daemon that had it still
# commits: who mounts its filesystem anew does not get the other one.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

other=$CASE_DIR/other
other_db=${CASE_DB}_other
other_source=${THULE_SOURCE/$CASE_DB/$other_db}
mkdir "$other"
createdb -T template0 "$other_db"
# shellcheck disable=SC2317 # called by trap
clean_up() {
	kill -CONT "$daemon" 2>/dev/null || true
	umount -l "$other" 2>/dev/null || true
	wait_until 30 mounts_ended || true
	dropdb --force "$other_db"
}
mounts_ended() {
	[[ $(psql -XAtq -d "$other_source" -c 'select count(*) from thule.mount where ended_at is null' 2>/dev/null) == 0 ]]
}
daemon=$(daemon_pid)
trap clean_up EXIT

device() { # DIR
	mountpoint -d "$1"
}
stays() { # PID: for a second
	! wait_until 1 process_gone "$1"
}

echo ours >"$MNT/file"
# Unless somebody else's mount gets it first.
for ((i = 0; ; i++)); do
	number=$(device "$MNT")
	daemon=$(sql 'select pid from thule.mount where ended_at is null')
	stop_process "$daemon"
	umount -ic "$MNT" # asks nobody but the kernel
	"$THULE" mount "$other_source" "$other" >/dev/null
	[[ $(device "$other") != "$number" ]] || break
	((i < 8)) || skip "other mounts took the number first"
	kill -CONT "$daemon"
	"$THULE" umount "$other"
	"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
done
echo theirs >"$other/file"
"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null &
mounting=$!
stays "$mounting" || fail "thule mount did not wait for the daemon that is ending; it mounted '$(<"$MNT/file")'"
kill -CONT "$daemon"
wait "$mounting" || fail "thule mount after the daemon has ended"
assert_eq ours "$(<"$MNT/file")" "the file"
