#!/usr/bin/env bash
# .thule/at/T in the mount, and -o at=T: hidden, read-only, of the instants that people type; large directories and
# files; off with nomagic.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

mkdir -p "$MNT/dir/sub" "$MNT/many"
echo one >"$MNT/dir/file"
ln -s file "$MNT/dir/link"
(cd "$MNT/many" && seq -f 'a-rather-long-name-to-fill-buffers-%g' 3000 | xargs touch)
head -c 3000000 /dev/urandom >"$CASE_DIR/large"
cp "$CASE_DIR/large" "$MNT/large"
before=op:$(op)
"$THULE" snapshot create first >/dev/null
echo two >"$MNT/dir/file"
rm -r "$MNT/many"
: >"$MNT/large"
past=$MNT/.thule/at

assert_eq $'dir\nlarge' "$(ls -A "$MNT")" "names in the root: no .thule"
assert_eq at "$(ls -A "$MNT/.thule")" "names in .thule"
assert_eq first "$(ls -A "$past")" "names in .thule/at: the snapshots"
assert_eq one "$(<"$past/$before/dir/file")" "a file by its op"
assert_eq one "$(<"$past/first/dir/file")" "by a snapshot"
assert_eq two "$(<"$past/now/dir/file")" "now, not committed yet"
assert_eq file "$(readlink "$past/first/dir/link")" "a symbolic link"
assert_eq one "$(<"$past/first/dir/link")" "through a symbolic link"
assert_eq one "$(<"$past/first/dir/../dir/sub/../file")" "through .."
assert_eq 3000 "$(find "$past/first/many" -name 'a-*' | wc -l)" "a large directory"
assert_eq 3000 "$(cd "$past/first/many" && find . -type f -size 0 | wc -l)" "and its files"
cmp "$CASE_DIR/large" "$past/first/large" || fail "a large file"
cp -a "$past/first/dir" "$MNT/restored"
assert_eq one "$(<"$MNT/restored/file")" "copied from the past"
echo three >"$MNT/dir/file"
assert_eq three "$(<"$past/now/dir/file")" "now moves"

assert_fails 'read-only' touch "$past/first/new"
assert_fails 'read-only|permission denied' mkdir "$MNT/.thule/new"
assert_fails 'read-only' rm "$past/first/dir/file"
assert_fails 'read-only' chmod 777 "$past/first/dir/file"
assert_fails 'read-only' mv "$past/first/dir/file" "$MNT/dir/stolen"
assert_fails 'cross-device|read-only' ln "$past/first/dir/file" "$MNT/dir/linked"
assert_fails 'busy' mv "$MNT/.thule" "$MNT/else"
assert_fails 'no such' ls "$past/2001-01-01"
assert_fails 'no such' ls "$past/2999-01-01"
assert_fails 'no such' ls "$past/nonsense"
assert_fails 'no such' ls "$MNT/dir/.thule"

# Mounts of the past beside it.
mkdir "$CASE_DIR/a" "$CASE_DIR/b"
"$THULEFS" "$THULE_SOURCE" "$CASE_DIR/a" -o at=first >/dev/null
"$THULE" mount "$THULE_SOURCE" "$CASE_DIR/b" -o "at=$(sql 'select at from thule.op order by op desc limit 1')" >/dev/null
assert_eq one "$(<"$CASE_DIR/a/dir/file")" "a mount of the past"
assert_eq three "$(<"$CASE_DIR/b/dir/file")" "another one"
echo four >"$MNT/dir/file"
assert_eq three "$(<"$CASE_DIR/b/dir/file")" "which does not move"
assert_eq four "$(<"$MNT/dir/file")" "beside the one that writes"
assert_fails 'read-only' touch "$CASE_DIR/a/new"
assert_fails 'no such' ls "$CASE_DIR/a/.thule"
"$THULE" umount "$CASE_DIR/a"
"$THULE" umount "$CASE_DIR/b"
mkdir "$CASE_DIR/c"
assert_fails 'in the future' "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/c" -o at=2999-01-01
assert_fails 'not an instant' "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/c" -o at=nonsense
assert_fails 'option at' "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/c" -o at

umount_fs
THULE_TEST_OPTIONS=nomagic mount_fs
assert_fails 'no such' ls "$MNT/.thule"
