#!/usr/bin/env bash
# `mount -a` twice: what is mounted already is left alone in silence, also with a password in SOURCE, which /proc/mounts
# does not have.
# mount: no
# lock: mount-helper
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

trap 'umount -l "$MNT" 2>/dev/null || true; restore_helpers' EXIT
use_helpers

daemons() {
	sql 'select count(*) from thule.mount'
}

"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
"$THULE" umount "$MNT"
first=$(sql 'select max(op) from thule.op')
secret=${THULE_SOURCE/@/:sesame@}
for source in "$THULE_SOURCE" "$secret" "$secret&sslpassword=hush"; do
	for options in defaults ro "at=op:$first"; do
		echo "$source $MNT fuse.thulefs $options 0 0" >"$CASE_DIR/fstab"
		mount -a -T "$CASE_DIR/fstab" >"$CASE_DIR/out" 2>&1 || fail "mount -a: $(<"$CASE_DIR/out")"
		before=$(daemons)
		for i in 2 3; do
			mount -a -T "$CASE_DIR/fstab" >"$CASE_DIR/out" 2>&1 || fail "mount -a, the $i. time: $(<"$CASE_DIR/out")"
			assert_eq "" "$(<"$CASE_DIR/out")" "said by mount -a, the $i. time"
		done
		assert_eq 1 "$(grep -c " $MNT " /proc/mounts)" "mounts"
		assert_eq "$before" "$(daemons)" "daemons that mounted"
		"$THULE" umount "$MNT"
	done
done
