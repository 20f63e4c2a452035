#!/usr/bin/env bash
# Who unmounts while another mount namespace has the mount is told so, and does not wait for the daemon.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
unshare --mount true 2>/dev/null || skip "no mount namespace can be made here, as in a chroot"

echo kept >"$MNT/file"
daemon=$(sql 'select pid from thule.mount where ended_at is null')
mkfifo "$CASE_DIR/ready"
unshare --mount bash -c "echo >'$CASE_DIR/ready'; exec sleep infinity" &
other=$!
trap 'kill "$other" 2>/dev/null || true' EXIT
read -r _ <"$CASE_DIR/ready"

"$THULE" umount --wait 100 "$MNT" 2>"$CASE_DIR/told" || fail "umount failed: $(<"$CASE_DIR/told")"
grep -q "process $other has it in a mount namespace of its own" "$CASE_DIR/told" || fail "told: $(<"$CASE_DIR/told")"
mountpoint -q "$MNT" && fail "it is still mounted here"
process_gone "$daemon" && fail "the daemon is gone"
assert_eq kept "$(nsenter -t "$other" -m cat "$MNT/file")" "the file in the other namespace"

kill "$other"
wait_until 60 process_gone "$daemon" || fail "the daemon is there after the last namespace went"
assert_eq "" "$(sql 'select pid from thule.mount where ended_at is null')" "mounts that have not ended"
mount_fs
assert_eq kept "$(<"$MNT/file")" "the file, mounted again"
