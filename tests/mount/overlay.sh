#!/usr/bin/env bash
# overlayfs, as containers have it, with its changes on the mount: files of below are replaced, renamed and hidden, and
# `thule undo` of what a command did there is seen through it.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

mkdir "$CASE_DIR/lower" "$CASE_DIR/merged" "$MNT/upper" "$MNT/work"
mkdir -p "$CASE_DIR/lower/dir/sub"
for name in kept changed removed renamed dir/file; do
	echo "$name of below" >"$CASE_DIR/lower/$name"
done

mount_overlay() {
	mount -t overlay overlay "$CASE_DIR/merged" \
		-o "lowerdir=$CASE_DIR/lower,upperdir=$MNT/upper,workdir=$MNT/work,redirect_dir=on"
}

grep -qw overlay /proc/filesystems || skip "the kernel has no overlayfs"
mount_overlay
trap 'umount -l "$CASE_DIR/merged" 2>/dev/null || true' EXIT
cd "$CASE_DIR/merged"
echo changed >>changed
rm removed
mv renamed moved
mv dir other
setfattr -n user.colour -v blue kept
rm -r other/sub
mkdir other/sub
echo new >other/sub/new

check() {
	assert_eq "changed kept moved other" "$(echo *)" "names"
	assert_eq "file sub" "$(cd other && echo *)" "names in a directory that was renamed"
	assert_eq "changed of below
changed" "$(<changed)" "the file that was changed"
	assert_eq "renamed of below" "$(<moved)" "the file that was renamed"
	assert_eq "dir/file of below" "$(<other/file)" "a file in a directory that was renamed"
	assert_eq new "$(<other/sub/new)" "a file in a directory that was made again"
	assert_eq blue "$(getfattr --only-values -n user.colour kept)" "an attribute"
}

check
assert_eq "dir removed renamed" "$(cd "$MNT/upper" && find . -type c | sort | tr -d './\n' | sed 's/dir/dir /; s/removed/removed /')" \
	"whiteouts"
cd /
umount "$CASE_DIR/merged"
remount_fs
mount_overlay
cd "$CASE_DIR/merged"
check
"$THULE" run --tag cleaner -- rm -rf "$CASE_DIR/merged/moved" "$CASE_DIR/merged/other"
assert_eq "changed kept" "$(echo *)" "names after a clean-up"
cd /
umount "$CASE_DIR/merged"
"$THULE" undo --tag cleaner >/dev/null
mount_overlay
cd "$CASE_DIR/merged"
check
cd /
umount "$CASE_DIR/merged"
