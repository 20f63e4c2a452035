#!/usr/bin/env bash
# `thule snapshot` on a live mount names everything that was acknowledged, also what is not committed yet.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

status_of() { # COMMAND...
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

for i in 1 2 3 4 5 6 7 8; do
	echo "$i" >"$MNT/file-$i"
	"$THULE" snapshot create "after-$i" >"$CASE_DIR/out"
	assert_match "^after-$i is the state after op [0-9]+" "$(<"$CASE_DIR/out")" "what create says"
	rm "$MNT/file-$i"
done
for i in 1 2 3 4 5 6 7 8; do
	assert_eq "/file-$i" "$(sql "select path from thule.file_at(thule.instant('after-$i')) where kind = 'file'")" \
		"files of snapshot $i"
	assert_eq "$i" "$(sql "select convert_from(thule.content('/file-$i', thule.instant('after-$i')), 'UTF8')")" \
		"content in snapshot $i"
done
assert_eq 8 "$("$THULE" snapshot list --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')" "list"
assert_match "after-1 +[0-9]+ .*$(id -un)" "$("$THULE" snapshot list)" "list for people"

"$THULE" snapshot delete after-1
assert_eq 7 "$(sql 'select count(*) from thule.snapshot')" "after delete"
"$THULE" snapshot create earlier --at after-2 >"$CASE_DIR/out"
assert_eq t "$(sql "select thule.instant('earlier') = thule.instant('after-2')")" "a snapshot of a past instant"

assert_fails 'no snapshot after-1|no snapshot .after-1' "$THULE" snapshot delete after-1
assert_fails 'already' "$THULE" snapshot create after-2
assert_fails 'cannot be the name' "$THULE" snapshot create a/b
for arguments in 'create' 'create a b' 'delete' 'list x' 'rename a' 'create yesterday' 'create a --at nonsense'; do
	# shellcheck disable=SC2086 # several words
	assert_eq 2 "$(status_of "$THULE" snapshot $arguments)" "exit status of snapshot $arguments"
done
assert_eq 1 "$(status_of "$THULE" snapshot delete never)" "exit status: no such snapshot"
assert_eq 8 "$(sql 'select count(*) from thule.snapshot')" "after what was refused"

umount_fs
"$THULE" snapshot create unmounted >"$CASE_DIR/out"
assert_eq t "$(sql "select op = (select max(op) from thule.op) from thule.snapshot where name = 'unmounted'")" \
	"a snapshot without a mount"
