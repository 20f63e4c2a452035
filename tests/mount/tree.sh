#!/usr/bin/env bash
# A real tree of some 3,000 files copied with tar equals the same on the host's filesystem: at once, after a
# remount, and after the database was restarted.
# db: private
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

reference=$CASE_DIR/reference
mkdir "$reference"
tar -cf - -C / --ignore-failed-read usr/include/linux usr/share/doc/libfuse3-dev usr/share/perl-base \
	usr/share/zoneinfo/Europe usr/share/doc/git etc/alternatives 2>/dev/null |
	tar -xf - -C "$reference" --exclude='*.key'
# What such trees seldom hold.
mkdir -p "$reference/odd/empty" "$reference/odd/mode"
for mode in 0000 0111 0444 0640 0777 4755 2755 1755; do
	echo "$mode" >"$reference/odd/mode/$mode"
	chmod "$mode" "$reference/odd/mode/$mode"
done
chmod 2770 "$reference/odd/empty"
find "$reference/usr/include" -name 'a*.h' -exec sh -c 'ln -f "$1" "$0/odd/$(basename "$1")-link"' \
	"$reference" {} \;
mkfifo "$reference/odd/fifo"
truncate -s 3000000 "$reference/odd/hole"
if [[ $(id -u) == 0 ]]; then
	mknod "$reference/odd/device" c 1 3
	chown 1234:5678 "$reference/odd/mode/0640"
fi
find "$reference/odd" -exec touch -h -d '2001-02-03 04:05:06.123456789' {} +
count=$(find "$reference" | wc -l)
((count > 1000)) || fail "only $count files to copy"

manifest "$reference" >"$CASE_DIR/expected"
mkdir "$MNT/tree"
tar --format=posix -cf - -C "$reference" . | tar -xpf - -C "$MNT/tree" --same-owner
assert_same_tree "$CASE_DIR/expected" "$MNT/tree" "at once"
sync_fs
assert_eq "$((count + 1))" "$(sql 'select count(*) from thule.file')" "rows of thule.file"

remount_fs
assert_same_tree "$CASE_DIR/expected" "$MNT/tree" "after remount"
restart_db
assert_same_tree "$CASE_DIR/expected" "$MNT/tree" "after the database was restarted while mounted"
umount_fs
restart_db
mount_fs
assert_same_tree "$CASE_DIR/expected" "$MNT/tree" "after the database was restarted"

# Back out to the host, with a program that looks at other things than tar.
cp -a "$MNT/tree" "$CASE_DIR/back"
assert_same_tree "$CASE_DIR/expected" "$CASE_DIR/back" "copied back with cp -a"
