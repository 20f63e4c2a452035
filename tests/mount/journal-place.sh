#!/usr/bin/env bash
# Where the journal lies: in a place of the user's own, where it fits, or where the mount says; and a file that others
# remove is made again, with what was acknowledged.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
unshare --mount true 2>/dev/null || skip "no mount namespace can be made here"
# Other mounts have their journals in /run/thulefs.
[[ ${IN_NAMESPACE:-} ]] || IN_NAMESPACE=yes exec unshare --mount "$0"
mkdir -p /run/thulefs
mount -t tmpfs -o mode=700 run /run/thulefs

uuid() {
	sql 'select uuid from thule.superblock'
}
hold_batches() {
	rm -f "$CASE_DIR/commands" "$CASE_DIR/said"
	mkfifo "$CASE_DIR/commands"
	psql -XAtq -d "$THULE_SOURCE" <"$CASE_DIR/commands" >"$CASE_DIR/said" &
	exec 3>"$CASE_DIR/commands"
	echo 'begin; lock table thule.op in share mode; select 1;' >&3
	wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
}
let_batches_go() {
	# Of a dead daemon they must not come in late.
	psql -XAtq -d "$THULE_SOURCE" -c "select count(pg_terminate_backend(pid)) from pg_stat_activity
		where application_name = 'thulefs drain' and datname = current_database()" >/dev/null
	exec 3>&-
	wait
}
mount_with() { # OPTIONS
	THULE_TEST_OPTIONS=$1 mount_fs
}
status_line() { # REGEX
	"$THULE" status "$MNT" | grep -E -- "$1"
}

mount_fs
file=$(echo /run/thulefs/thulefs-"$(uuid)"-*.journal)
[[ -s $file ]] || fail "no journal in /run/thulefs: $(ls -la /run/thulefs)"
assert_eq "700 0 600 0" "$(stat -c '%a %u' /run/thulefs) $(stat -c '%a %u' "$file")" "modes and owners"
status_line "$file, 64 MiB" >/dev/null || fail "thule status: $("$THULE" status "$MNT")"

# As large as before, and another.
made_again() {
	local seen
	for seen in "$file" /var/lib/thulefs/"${file##*/}"; do
		[[ ! -s $seen || $(stat -c %s "$seen") -lt 1000000 || $(stat -c %d:%i "$seen") == "$inode" ]] || return 0
	done
	return 1
}
inode=$(stat -c %d:%i "$file")
hold_batches
echo acknowledged >"$MNT/one"
rm "$file"
wait_until 60 made_again || fail "the journal's file was not made again"
status_line 'somebody removed that file' >/dev/null || fail "thule status after that: $("$THULE" status "$MNT")"
echo more >"$MNT/two"
grep -q 'removed or replaced while it was in use; it was made again' "$CASE_DIR/daemon.log" || fail "nothing in the log"
inode=$(stat -c %d:%i "$file")
echo something else >"$file.other"
mv "$file.other" "$file"
wait_until 60 made_again || fail "the journal's file was not made again after it was replaced"
kill_daemon
let_batches_go
mount_fs
assert_eq "acknowledged more" "$(<"$MNT/one") $(<"$MNT/two")" "what was acknowledged around that"

# The folder goes, too.
hold_batches
inode=$(stat -c %d:%i "$file")
echo three >"$MNT/three"
umount -l /run/thulefs
mount -t tmpfs -o mode=700,size=10m run /run/thulefs
wait_until 60 made_again || fail "the journal's file is in no other place"
kill_daemon
let_batches_go
mount_fs
assert_eq three "$(<"$MNT/three")" "what was acknowledged before the folder went"
umount_fs

# What fits.
mount_fs
grep -q 'has [0-9]* MiB, as no more is free there' "$CASE_DIR/daemon.log" || fail "a small journal is not told"
head -c 20M /dev/zero >"$MNT/large"
sync_fs
umount_fs
assert_fails 'journal of 64 MiB does not fit, [0-9]* MiB are free' \
	"$THULEFS" "$THULE_SOURCE" "$MNT" -f -o "journal=64M,journal=/run/thulefs"
umount /run/thulefs
mount -t tmpfs -o mode=700,size=1m run /run/thulefs
mount_fs
[[ -s /var/lib/thulefs/${file##*/} ]] || fail "no journal where there is room: $("$THULE" status "$MNT")"
umount_fs

# As the mount says.
mkdir "$CASE_DIR/place"
mount_with "journal=$CASE_DIR/place,journal=5M"
status_line "$CASE_DIR/place/${file##*/}, 5 MiB" >/dev/null || fail "thule status: $("$THULE" status "$MNT")"
umount_fs
mount_with "journal=$CASE_DIR/place/file"
status_line "$CASE_DIR/place/file, 64 MiB" >/dev/null || fail "thule status: $("$THULE" status "$MNT")"
umount_fs
assert_fails 'cannot open the directory /nowhere/' "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o journal=/nowhere/file
assert_fails 'takes a size from 4M to 4G' "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o journal=1M
echo text >"$CASE_DIR/place/text"
assert_fails 'is not a journal' "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o "journal=$CASE_DIR/place/text"
assert_eq text "$(<"$CASE_DIR/place/text")" "a file that is no journal"
touch "$CASE_DIR/place/theirs"
chown 65534 "$CASE_DIR/place/theirs"
assert_fails 'not a plain file of uid 0' "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o "journal=$CASE_DIR/place/theirs"
ln -s "$CASE_DIR/place/text" "$CASE_DIR/place/link"
assert_fails 'cannot open the journal' "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o "journal=$CASE_DIR/place/link"

# What was left in one place is not passed over for another.
mount_fs
hold_batches
echo four >"$MNT/four"
kill_daemon
let_batches_go
assert_fails 'holds ops that were acknowledged' "$THULEFS" "$THULE_SOURCE" "$MNT" -f -o "journal=$CASE_DIR/place/file"
mount_fs
assert_eq four "$(<"$MNT/four")" "what was left"
umount_fs

# Users: the runtime directory if it is theirs, else the state directory; nothing of others, no links.
as_nobody() { # NAME=VALUE...
	as_user 65534 env -u XDG_RUNTIME_DIR -u XDG_STATE_HOME "$@" timeout 120 "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/user/mnt" -f
}
mkdir -p "$CASE_DIR/user/mnt" "$CASE_DIR/user/home"
chmod 711 "$CASE_DIR" "$CASE_DIR/user"
chown 65534 "$CASE_DIR/user/mnt" "$CASE_DIR/user/home"
assert_fails 'no place for the journal: /nonexistent/.local/state/thulefs.*-o journal=PATH' as_nobody HOME=/nonexistent
mkdir "$CASE_DIR/user/other"
chmod 777 "$CASE_DIR/user/other"
ln -s "$CASE_DIR/user/other" "$CASE_DIR/user/home/thulefs"
assert_fails 'cannot open the directory of journals' as_nobody HOME=/nonexistent XDG_STATE_HOME="$CASE_DIR/user/home"
assert_eq "" "$(ls "$CASE_DIR/user/other")" "made through a link"
rm "$CASE_DIR/user/home/thulefs"
mkdir "$CASE_DIR/user/runtime"
chmod 777 "$CASE_DIR/user/runtime"
as_nobody HOME=/nonexistent XDG_RUNTIME_DIR="$CASE_DIR/user/runtime" XDG_STATE_HOME="$CASE_DIR/user/home" \
	>"$CASE_DIR/user.log" 2>&1 &
user=$!
state_or_gone() {
	[[ -d $CASE_DIR/user/home/thulefs ]] || ! kill -0 "$user" 2>/dev/null
}
wait_until 60 state_or_gone
assert_eq "700 65534" "$(stat -c '%a %u' "$CASE_DIR/user/home/thulefs")" "the state directory of a user: $(<"$CASE_DIR/user.log")"
assert_eq "" "$(ls "$CASE_DIR/user/runtime")" "made in a runtime directory of somebody else's"
user_mounted() {
	grep -q " $CASE_DIR/user/mnt " /proc/mounts || ! kill -0 "$user" 2>/dev/null
}
wait_until 60 user_mounted
umount -l "$CASE_DIR/user/mnt" 2>/dev/null || true
wait "$user" || true
