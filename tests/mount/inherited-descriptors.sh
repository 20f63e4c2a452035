#!/usr/bin/env bash
# A daemon stays, and keeps nothing of what the shell that mounted had open: not the lock of a script, nor the pipe that
# somebody reads to its end.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

held() { # which of the two the processes of the mount have open
	local pid
	for pid in $(sql 'select pid from thule.mount where ended_at is null') $(pgrep -f "^$THULEFS .*$MNT" || true); do
		find "/proc/$pid/fd" \( -lname "$CASE_DIR/lock" -o -lname "pipe:\[$pipe\]" \) -printf '%p -> %l\n'
	done
}

: >"$CASE_DIR/lock"
all=(defaults)
sends_again && all+=(keeper)
for options in "${all[@]}"; do
	exec 9>"$CASE_DIR/lock"
	flock -n 9 || fail "the lock is held before the mount"
	# The reader comes to the end when all who can write have closed the pipe.
	exec 8> >(exec 9>&- && exec cat >"$CASE_DIR/read")
	reader=$!
	pipe=$(readlink "/proc/$$/fd/8" | tr -dc '0-9')
	"$THULE" mount "$THULE_SOURCE" "$MNT" -o "$options" >/dev/null
	assert_eq "" "$(held)" "what is open of the shell's, with $options"
	exec 9>&- 8>&-
	wait_until 10 process_gone "$reader" || fail "the pipe does not end, with $options"
	flock -n "$CASE_DIR/lock" true || fail "the lock is held after the shell let go of it, with $options"
	echo "$options" >"$MNT/file"
	assert_eq "$options" "$(<"$MNT/file")" "on the mount"
	"$THULE" umount "$MNT"
done
