#!/usr/bin/env bash
# A limit of the size of files (ulimit -f), which kills who goes beyond it: the daemon says so of a journal that has no room
# in it, and goes on without the lines of its log.
# options: journal=4M
# shellcheck disable=SC2016 # what inner shells expand
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
umount_fs

KIB=1024
assert_fails "journal.*File too large" bash -c 'ulimit -f 1024 && exec "$@"' bash "$THULEFS" "$THULE_SOURCE" "$MNT"
is_mounted && fail "it is mounted without a journal"

log=$CASE_DIR/full.log
truncate -s 16M "$log"
(
	ulimit -f $((16 * KIB))
	exec "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o debug,journal=4M 2>>"$log"
) &
daemon=$!
wait_until 60 is_mounted || fail "thulefs did not mount beside a log that is full: $(jobs -l)"
timeout 60 sh -c 'echo content >"$1/file" && sync "$1" && cat "$1/file"' sh "$MNT" >"$CASE_DIR/read" || fail "the mount does not work"
assert_eq content "$(<"$CASE_DIR/read")" "what is read"
assert_eq $((16 * KIB * KIB)) "$(stat -c %s "$log")" "size of the log"
timeout 60 "$THULE" umount "$MNT" || fail "umount"
wait "$daemon" || fail "thulefs exits with $?"
mount_fs
