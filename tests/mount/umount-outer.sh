#!/usr/bin/env bash
# What is mounted in a mount keeps it: thule umount names that mount, and not a process such as its daemon.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

inner=$MNT/inner
trap 'umount -l "$inner" "$MNT" 2>/dev/null || true' EXIT
"$THULE" mount "$THULE_SOURCE" "$MNT" -o allow_other >/dev/null
mkdir "$inner"
mount -t tmpfs none "$inner"
assert_fails "$MNT is in use: .*; $inner is mounted in it$" "$THULE" umount "$MNT"
is_mounted || fail "unmounted all the same"
umount "$inner"
"$THULE" umount "$MNT" || fail "what was mounted in it has gone: $?"

"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
mount -t tmpfs none "$inner"
"$THULE" umount --lazy "$MNT" || fail "umount --lazy: $?"
is_mounted && fail "still mounted after umount --lazy"
grep -q " $inner " /proc/mounts && fail "what was in it is mounted after umount --lazy"
exit 0
