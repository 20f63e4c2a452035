#!/usr/bin/env bash
# labels: long
# What SQL makes, moves and removes while nothing is mounted is there on the next mount, as if programs had done it: for the kernel, and for log,
# diff, undo and the past. And what the mount does after it goes on behind it.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

names() { # DIR
	(cd "$1" && echo *)
}

mkdir "$MNT/dir" "$MNT/old"
echo text >"$MNT/dir/file"
ln -s dir/file "$MNT/link"
"$THULE" sync "$MNT"
umount_fs

before=$(sql 'select max(op) from thule.op')
sql "set thule.tag = 'sql'; begin;
	select thule.chmod('/link', 416);
	select thule.mkdir('/made', 448), thule.create('/made/empty', 384), thule.symlink('../dir', '/made/to-dir'), thule.mknod('/made/pipe', 4480);
	select thule.link('/dir/file', '/made/hard');
	select thule.rename('/dir', '/made/moved');
	select thule.rmdir('/old');
	savepoint a;
	select thule.unlink('/made/hard'), thule.mkdir('/never');
	rollback to a;
	commit" >/dev/null
sql "begin; select thule.mkdir('/nor-this'); rollback" >/dev/null
assert_eq 0 "$(sql 'select count(*) from thule.sql_write')" 'transactions under way'
assert_eq '' "$(sql 'select check_id, detail from thule.fsck')" 'thule.fsck after SQL'

mount_fs
assert_eq 'link made' "$(names "$MNT")" 'what is there'
assert_eq 'empty hard moved pipe to-dir' "$(names "$MNT/made")" 'what SQL made'
assert_eq '640 2 regular file 5' "$(stat -c '%a %h %F %s' "$MNT/made/hard")" 'a file with another name'
assert_eq '700 3 directory' "$(stat -c '%a %h %F' "$MNT/made")" 'a directory'
assert_eq '600 regular empty file' "$(stat -c '%a %F' "$MNT/made/empty")" 'a file'
assert_eq fifo "$(stat -c %F "$MNT/made/pipe")" 'a fifo'
assert_eq text "$(cat "$MNT/made/moved/file")" 'its bytes'
assert_eq ../dir "$(readlink "$MNT/made/to-dir")" 'a link'
assert_eq text "$(cat "$MNT/.thule/at/op:$before/dir/file")" 'the past of what was moved'
assert_eq 'rename /dir /made/moved postgres sql' "$(sql "select kind, path, new_path, exe, tag from thule.change where kind = 'rename'" -F ' ')" 'the log'
"$THULE" log "$MNT/made" | grep -q mkdir || fail "thule log does not show who made it"
"$THULE" diff "op:$before" now "$MNT" | grep -q made/moved || fail "thule diff does not show what was moved"

# The daemon's ids are behind those of SQL.
echo more >"$MNT/made/empty"
mkdir "$MNT/new"
"$THULE" sync "$MNT"
assert_eq '' "$(sql 'select check_id, detail from thule.fsck')" 'thule.fsck after both'
"$THULE" undo --tag sql --yes "$MNT" >/dev/null || fail 'cannot undo what SQL did'
assert_eq text "$(cat "$MNT/dir/file")" 'undone: where it was'
assert_eq 644 "$(stat -c %a "$MNT/dir/file")" 'undone: its mode'
[[ -d $MNT/old ]] || fail 'undone: the directory that was removed is not there'
umount_fs

# And SQL's behind those of the daemon.
next=$(sql 'select next_op from thule.superblock')
sql "select thule.mkdir('/last')" >/dev/null
assert_eq "$next" "$(sql 'select max(op) from thule.op')" 'the next op'
mount_fs
[[ -d $MNT/last ]] || fail 'what SQL made then is not there'
