#!/usr/bin/env bash
# Started with SIGCHLD ignored, as servers that reap no children start theirs: the kernel then forgets a child's status. What
# ran well did run well all the same, and what failed did fail. And with SIGTERM ignored, by which what watches over the private
# PostgreSQL ends with its daemon.
# db: private
# mount: no
# shellcheck disable=SC2016 # what inner shells expand
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

# timeout(1) itself has it as usual again.
ignoring() { # COMMAND...
	timeout --signal=KILL 120 bash -c 'trap "" CHLD TERM && exec "$@"' bash "$@"
}

ignoring "$THULE" mount "$MNT" >"$CASE_DIR/out" 2>&1 || fail "thule mount, which makes a private PostgreSQL: $(<"$CASE_DIR/out")"
echo one >"$MNT/file"
sync_fs
echo two >"$MNT/file"
sync_fs
ignoring "$THULE" log --patch "$MNT/file" >"$CASE_DIR/out" || fail "thule log --patch"
grep -qx '+two' "$CASE_DIR/out" || fail "thule log --patch says: $(<"$CASE_DIR/out")"
cd "$MNT"
ignoring "$THULE" run --atomic -- sh -c 'echo three >file' || fail "an atomic run that succeeds: $?"
status=0
ignoring "$THULE" run --atomic -- sh -c 'echo four >file; exit 3' 2>"$CASE_DIR/err" || status=$?
assert_eq "3 three" "$status $(<file)" "an atomic run that fails, and what it left"
changed_until_it_ran() {
	echo more >>watched
	[[ -e $CASE_DIR/ran ]]
}
wait_until 60 changed_until_it_ran &
ignoring "$THULE" watch --once . -- touch "$CASE_DIR/ran" || fail "thule watch: $?"
wait $! || fail "thule watch ran nothing"
cd /
ignoring "$THULE" backup "$CASE_DIR/backup" >"$CASE_DIR/out" 2>&1 || fail "thule backup: $(<"$CASE_DIR/out")"
ignoring "$THULE" umount "$MNT" || fail "thule umount: $?"
nobody_watches() {
	! pgrep --exact thule-watch --ns $$ --nslist mnt >/dev/null
}
wait_until 60 nobody_watches || fail "the daemon ended, and who watches its server did not"
ignoring "$THULE" cluster stop >"$CASE_DIR/out" 2>&1 || fail "thule cluster stop: $(<"$CASE_DIR/out")"

sends_again || exit 0 # without a keeper
ignoring "$THULE" mount "$MNT" -o keeper >"$CASE_DIR/out" 2>&1 || fail "thule mount -o keeper: $(<"$CASE_DIR/out")"
first=$(sql 'select pid from thule.mount where ended_at is null')
kill -KILL "$first"
assert_eq three "$(timeout 60 cat "$MNT/file")" "what the successor of a killed daemon has"
ignoring "$THULE" umount "$MNT" || fail "thule umount with a keeper: $?"
