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
	requests=$(sql 'select count(*) from thule.request')
	# Who undoes, and what keeps an atomic run together, have command lines, too.
	sync_fs
	before=$(sql 'select max(op) + 1 from thule.op')
	mkdir "$MNT/undone"
	"$THULE" undo --since "op:$before" "$MNT" >"$CASE_DIR/undo"
	[[ ! -d $MNT/undone ]] || fail "undo left what it was to undo"
	assert_fails "$([[ $detail == off ]] && echo 'actor=off' || echo 'undone: 1 removed')" \
		"$THULE" run --atomic -- sh -c "mkdir $MNT/failed; exit 3 # $MNT"
	[[ ! -d $MNT/failed ]] || fail "something is left of a run that failed"
	case $detail in
	full) expected="t|t|t|$user" ;;
	basic) expected="t|t|f|$user" ;;
	off) expected="f|f|f|$user" ;;
	esac
	assert_eq "$expected" "$(sql "select bool_and(pid > 0), bool_and(exe <> ''), bool_or(cmdline <> ''), min(uid), min(username)
		from thule.change where tag in (select 'undo:' || id from thule.request
			where id > $requests)")" "who undid with actor=$detail"
	umount_fs
done
# A request that nobody serves is told as the last mount wanted it.
THULE_TEST_OPTIONS=actor=basic mount_fs
"$THULE" run --tag last -- mkdir "$MNT/last"
umount_fs
"$THULE" undo --tag last >"$CASE_DIR/undo"
assert_eq "t|f" "$(sql "select exe <> '', cmdline <> '' from thule.change order by op desc limit 1")" "who undid without a mount"
# Nothing of the command line is anywhere in the row.
assert_eq 0 "$(sql "select count(*) from thule.request where args::text like '%$MNT%' and id > 2")" "requests with secrets"
assert_eq 0 "$(sql "select count(*) from thule.actor a join thule.op o on o.actor = a.id
	where convert_from(o.name, 'UTF8') in ('basic', 'off') and (a.*)::text like '%$MNT%'")" "rows with secrets"
assert_fails 'actor.*full, basic, off' "$THULEFS" "$THULE_SOURCE" "$MNT" -o actor=some
