#!/usr/bin/env bash
# A mount of the private PostgreSQL is known by what it is, and not by where: the second directory, a bind mount, a mount
# that was moved, the first one gone; and what is another's stays another's.
# db: private
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

second=$CASE_DIR/second bound=$CASE_DIR/bound tree=$CASE_DIR/tree
mkdir "$second" "$bound" "$tree"
other_home=$CASE_DIR/other-home
# shellcheck disable=SC2317 # called by trap
clean_up() {
	umount -l "$tree/moved" "$tree" "$bound" "$second" "$MNT" 2>/dev/null || true
	THULE_HOME=$other_home "$THULE" cluster stop >/dev/null 2>&1 || true
}
trap clean_up EXIT

check() { # DIR WHAT
	assert_eq kept "$("$THULE" cat "$1/dir/file")" "cat, $2"
	"$THULE" log "$1/dir/file" | grep -q create || fail "log, $2"
	assert_eq /dir/file "$(cd "$1/dir" && "$THULE" log --json file | grep -o '/dir/file' | head -n 1)" "log below, $2"
	"$THULE" status "$1" >"$CASE_DIR/status" || fail "status, $2: $(<"$CASE_DIR/status")"
	grep -q "daemon  *pid $pid," "$CASE_DIR/status" || fail "status, $2: $(<"$CASE_DIR/status")"
	"$THULE" sync "$1" || fail "sync, $2"
}

"$THULE" mount "$MNT" >/dev/null
pid=$(sql 'select pid from thule.mount where ended_at is null')
mkdir "$MNT/dir"
echo kept >"$MNT/dir/file"
check "$MNT" "the first directory"
"$THULE" mount "$second" >/dev/null
check "$second" "the second"
mount --bind "$MNT" "$bound"
check "$bound" "a bind mount"
"$THULE" umount "$MNT"
check "$bound" "a bind mount, once the first is gone"
"$THULE" umount "$second"
# Only what is in no shared mount can be moved.
mount -t tmpfs --make-private none "$tree"
mount --make-private "$tree"
mkdir "$tree/here" "$tree/moved"
mount --bind "$bound" "$tree/here"
"$THULE" umount "$bound"
mount --move "$tree/here" "$tree/moved"
check "$tree/moved" "moved"
THULE_HOME=$other_home "$THULE" mount "$MNT" >/dev/null
THULE_HOME=$other_home assert_fails 'not that of this private' "$THULE" log "$tree/moved/dir/file"
assert_fails 'not that of this private' "$THULE" log "$MNT"
"$THULE" umount "$MNT"
"$THULE" umount "$tree/moved"
process_gone "$pid" || fail "the daemon is there after the last umount"
