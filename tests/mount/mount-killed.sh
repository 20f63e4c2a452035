#!/usr/bin/env bash
# A daemon that is killed while it mounts: whoever mounts is told by what, has no mount, and can mount again.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

grep -qa THULE_FAULT "$THULEFS" || skip "a build without fault points"
all=(defaults)
sends_again && all+=(keeper)
for options in "${all[@]}"; do
	assert_fails 'the daemon was killed by signal 9 \(SIGKILL\) while it was mounting: see the system log' \
		env THULE_FAULT=session.open:kill "$THULE" mount "$THULE_SOURCE" "$MNT" -o "$options"
	is_mounted && fail "it is mounted after that, with $options"
	"$THULE" mount "$THULE_SOURCE" "$MNT" -o "$options" >/dev/null
	echo "$options" >"$MNT/file"
	"$THULE" umount "$MNT"
done
