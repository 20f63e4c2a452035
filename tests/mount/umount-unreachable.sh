#!/usr/bin/env bash
# thule umount while the server is gone: says that not everything is in the database, and the next mount brings it there.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

echo first >"$MNT/file"
sync_fs
exec 3>>"$MNT/file"
stop_db
echo second >&3
exec 3>&-
status=0
said=$("$THULE" umount "$MNT" 2>&1) || status=$?
assert_eq 1 "$status" "exit status of thule umount, which said '$said'"
assert_match 'did not take the last changes.*next mount' "$said" "thule umount"
is_mounted && fail "still mounted"
wait_daemon_gone
start_db
mount_fs
assert_eq $'first\nsecond' "$(<"$MNT/file")" "content after the next mount"
"$THULE" umount "$MNT" || fail "thule umount with a server"
wait_daemon_gone
mount_fs
