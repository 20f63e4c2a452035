#!/usr/bin/env bash
# The same filesystem at two directories: one view, and either may go first.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

other=$CASE_DIR/other
mkdir "$other"
trap 'umount -l "$other" "$MNT" 2>/dev/null || true' EXIT

daemon() {
	sql 'select pid from thule.mount where ended_at is null'
}

mounts() {
	grep -cE " ($MNT|$other) " /proc/mounts || true
}

"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
pid=$(daemon)
mkdir "$MNT/A" "$MNT/B"
touch "$MNT/A/f"
"$THULE" mount "$THULE_SOURCE" "$other" -o noatime >"$CASE_DIR/out"
grep -q "$MNT" "$CASE_DIR/out" || fail "it does not say that it is the same as $MNT: $(<"$CASE_DIR/out")"
assert_eq "$pid" "$(daemon)" "daemons"
grep -q "^$THULE_SOURCE $other fuse.thulefs rw,noatime" /proc/mounts || fail "/proc/mounts: $(grep "$other" /proc/mounts)"
mv "$other/A/f" "$other/B/"
cat "$MNT/B/f"
mv "$MNT/B/f" "$MNT/A/"
cat "$other/A/f"
assert_fails 'already' "$THULE" mount "$THULE_SOURCE" "$other"
assert_fails 'already' "$THULE" mount "$THULE_SOURCE" "$MNT"

# The first goes, the second stays, and a third comes.
timeout 120 "$THULE" umount "$MNT"
kill -0 "$pid" || fail "the daemon went with the first mount"
echo second >"$other/file"
"$THULE" mount "$THULE_SOURCE" "$MNT" -o ro >/dev/null
assert_eq second "$(<"$MNT/file")" "through the third"
assert_fails 'read-only' touch "$MNT/new"
touch "$other/new"
"$THULE" umount "$other"
"$THULE" umount "$MNT"
process_gone "$pid" || fail "the daemon is there after the last umount"

# A daemon that is asked to end takes all of them away.
"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
"$THULE" mount "$THULE_SOURCE" "$other" >/dev/null
assert_eq 2 "$(mounts)" "mounts"
pid=$(daemon)
kill -TERM "$pid"
wait_until 60 process_gone "$pid" || fail "the daemon is there after SIGTERM"
assert_eq 0 "$(mounts)" "mounts after SIGTERM"
assert_eq "" "$(daemon)" "mounts that have not ended"

# One that was taken away while a file was open waits for that file, and says so.
"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
pid=$(daemon)
exec 9<"$MNT/file"
umount -l "$MNT"
"$THULE" mount "$THULE_SOURCE" "$MNT" >"$CASE_DIR/out" 2>&1 9<&- &
mount=$!
wait_until 60 grep -q "waiting for the daemon with process id $pid, .* still open" "$CASE_DIR/out" ||
	fail "it does not say what it waits for: $(<"$CASE_DIR/out")"
assert_eq 0 "$(mounts)" "mounts while the file is open"
exec 9<&-
wait "$mount" || fail "not mounted when the file was closed: $(<"$CASE_DIR/out")"
assert_eq second "$(<"$MNT/file")" "in the new mount"
"$THULE" umount "$MNT"
