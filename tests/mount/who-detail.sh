#!/usr/bin/env bash
# -o actor=: how much the log keeps of processes.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

columns="pid > 0, exe <> '', comm <> '', cmdline <> '', cwd <> '', chain <> '', session > 0, tag, uid, username"

who() { # PATH
	sql "select $columns from thule.change where path = '$1'"
}

user="$(id -u)|$(id -un)"
for detail in full basic off; do
	THULE_TEST_OPTIONS=actor=$detail mount_fs
	"$THULE" run --tag label -- mkdir "$MNT/$detail"
	sync_fs
	case $detail in
	full) expected="t|t|t|t|t|t|t|label|$user" ;;
	basic) expected="t|t|t|f|f|f|t|label|$user" ;;
	off) expected="f|f|f|f|f|f|f||$user" ;;
	esac
	assert_eq "$expected" "$(who "/$detail")" "who made a folder with actor=$detail"
	umount_fs
done
# Nothing of the command line is anywhere in the row.
assert_eq 0 "$(sql "select count(*) from thule.actor a join thule.op o on o.actor = a.id
	where convert_from(o.name, 'UTF8') in ('basic', 'off') and (a.*)::text like '%$MNT%'")" "rows with secrets"
assert_fails 'actor.*full, basic, off' "$THULEFS" "$THULE_SOURCE" "$MNT" -o actor=some
