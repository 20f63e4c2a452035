#!/usr/bin/env bash
# An open file without a name keeps its content; it is gone from SQL once closed, and is cleaned up by the next
# mount when the daemon was killed.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

nameless() {
	sql 'select count(*) from thule.inode where nlink = 0'
}

none_nameless() {
	[[ $(nameless) == 0 ]]
}

head -c 300000 /dev/urandom >"$CASE_DIR/data"
cp "$CASE_DIR/data" "$MNT/file"
exec 7<>"$MNT/file"
ino=$(stat -c %i "$MNT/file")
rm "$MNT/file"
[[ ! -e $MNT/file ]] || fail "the name is still there"
cmp "$CASE_DIR/data" "/proc/self/fd/7" || fail "content without a name"
printf 'written after' >&7
assert_eq 'written after' "$(head -c 13 /proc/self/fd/7)" "what was written after the unlink"
sync_fs
assert_eq 1 "$(nameless)" "inodes without a name while one is open"
assert_eq 0 "$(sql "select count(*) from thule.file where ino = $ino")" "thule.file without the name"
exec 7>&-
wait_until 60 none_nameless || fail "still in SQL 10 s after close"
assert_eq 0 "$(sql "select count(*) from thule.extent where ino = $ino")" "extents after close"

# A directory that is somebody's working directory.
mkdir "$MNT/dir"
(
	cd "$MNT/dir"
	rmdir "$MNT/dir"
	assert_eq "" "$(ls -A .)" "a removed working directory"
	if touch here 2>/dev/null; then
		fail "a file was made in a removed directory"
	fi
)

# Killed while one is open.
echo content >"$MNT/open"
exec 7<"$MNT/open"
rm "$MNT/open"
sync_fs
assert_eq 1 "$(nameless)" "inodes without a name before the kill"
kill_daemon
exec 7<&-
assert_eq 1 "$(nameless)" "inodes without a name after the kill"
mount_fs
wait_until 60 none_nameless || fail "what was open when the daemon died is still in SQL"
assert_eq "" "$(ls -A "$MNT")" "names in the root"
