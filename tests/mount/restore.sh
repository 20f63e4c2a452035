#!/usr/bin/env bash
# thule restore: a file and a folder, in place and as a copy, mounted and not; and what it refuses.
. "$(dirname "$0")/../lib/mount.sh"

now() {
	sync_fs
	sql "select 'op:' || max(op) from thule.op"
}

restore() {
	"$THULE" restore "$@" >"$CASE_DIR/restore.out" || fail "thule restore $*"
}

make_tree() {
	mkdir -p "$MNT/tree/sub/deep"
	seq 20000 >"$MNT/tree/numbers"
	echo one >"$MNT/tree/sub/one"
	ln "$MNT/tree/sub/one" "$MNT/tree/sub/deep/same"
	ln -s numbers "$MNT/tree/link"
	mkfifo "$MNT/tree/sub/pipe"
	chmod 2750 "$MNT/tree/sub"
	touch -d '2001-02-03 04:05:06.789' "$MNT/tree/numbers" "$MNT/tree/sub/deep"
}

make_tree
then=$(now)
manifest "$MNT/tree" >"$CASE_DIR/then"
ino=$(stat -c %i "$MNT/tree/numbers")

# A file: content in the middle, size, mode and time.
printf X | dd of="$MNT/tree/numbers" bs=1 seek=50000 conv=notrunc status=none
truncate -s 70000 "$MNT/tree/numbers"
chmod 600 "$MNT/tree/numbers"
restore "$MNT/tree/numbers" --at "$then"
assert_same_tree "$CASE_DIR/then" "$MNT/tree" "a changed file restored"

rm "$MNT/tree/numbers"
restore "$MNT/tree/numbers" --at "$then"
assert_eq "$ino" "$(stat -c %i "$MNT/tree/numbers")" "inode number of a file that was brought back"
touch -d @981173106.789 "$MNT/tree" # its own time is not the file's
manifest "$MNT/tree/sub" >"$CASE_DIR/sub"

# A folder, with changes of every kind in it.
wreck() {
	rm "$MNT/tree/sub/one"
	mv "$MNT/tree/numbers" "$MNT/tree/sub/elsewhere"
	mkdir "$MNT/tree/link.d"
	mv "$MNT/tree/sub/deep" "$MNT/tree/link.d/deep"
	rm "$MNT/tree/link" "$MNT/tree/sub/pipe"
	mkdir -p "$MNT/tree/link/new"
	echo more >>"$MNT/tree/link.d/deep/same"
	rmdir "$MNT/tree/link/new"
}
wreck
wrecked=$(manifest "$MNT/tree")
restore "$MNT/tree" --at "$then"
assert_same_tree "$CASE_DIR/then" "$MNT/tree" "a folder restored"
fsck

# What restore did can be undone.
tag=$(sed -n 's/.*--tag \(restore:[0-9]*\).*/\1/p' "$CASE_DIR/restore.out")
"$THULE" undo --tag "$tag" >"$CASE_DIR/undo.out"
assert_eq "$wrecked" "$(manifest "$MNT/tree")" "the folder after undo of the restore"

# A copy, which shares its bytes: no blob is made.
blobs=$(sql 'select count(*) from thule.blob')
restore "$MNT/tree" --at "$then" --to "$MNT/copy"
assert_same_tree "$CASE_DIR/then" "$MNT/copy" "a copy of a folder"
assert_eq "$blobs" "$(sql 'select count(*) from thule.blob')" "blobs after restoring a copy"
assert_eq "$wrecked" "$(manifest "$MNT/tree")" "the folder beside its copy"
restore "$MNT/tree/sub/one" --at "$then" --to "$MNT/one"
assert_eq one "$(cat "$MNT/one")" "a copy of a file"
echo two >"$MNT/one"
assert_eq one "$(cat "$MNT/copy/sub/one")" "a copy keeps its own content"

# Deleted as a whole, and restored while nothing is mounted.
rm -r "$MNT/tree"
umount_fs
restore /tree --at "$then"
assert_match 'brought back' "$(cat "$CASE_DIR/restore.out")" "what restore says"
mount_fs
assert_same_tree "$CASE_DIR/then" "$MNT/tree" "a folder restored without a mount"
fsck
before=$(sql 'select max(op) from thule.op')

refuses() { # EXIT-STATUS EXTENDED-REGEX COMMAND...
	local status=0 out expected=$1 pattern=$2
	shift 2
	out=$("$@" 2>&1) || status=$?
	assert_eq "$expected" "$status" "exit status of $* ($out)"
	assert_match "$pattern" "$out" "$*"
}
refuses 2 'at' "$THULE" restore "$MNT/tree"
refuses 2 'missing' "$THULE" restore --at "$then"
refuses 2 'not an instant' "$THULE" restore "$MNT/tree" --at gibberish
refuses 1 'future' "$THULE" restore "$MNT/tree" --at 2999-01-01
refuses 1 'before' "$THULE" restore "$MNT/tree" --at 1999-01-01
refuses 1 'was no file' "$THULE" restore "$MNT/tree" --at op:16
refuses 1 'was no file' "$THULE" restore "$MNT/absent" --at "$then"
refuses 1 'already' "$THULE" restore "$MNT/tree" --at "$then" --to "$MNT/copy"
refuses 1 'no directory' "$THULE" restore "$MNT/tree" --at "$then" --to "$MNT/absent/new"
refuses 1 'no directory' "$THULE" restore "$MNT/tree" --at "$then" --to "$MNT/one/new"
refuses 1 'was no file' "$THULE" restore "$MNT/absent" --at "$then" --dry-run
"$THULE" restore "$MNT/tree/numbers" --at "$then" --dry-run >/dev/null
assert_eq "$before" "$(sql 'select max(op) from thule.op')" "the last op after restores that were refused"
