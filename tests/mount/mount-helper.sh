#!/usr/bin/env bash
# mount(8) and fstab: `mount -t fuse.thulefs SOURCE DIR -o OPTIONS`, remounts, and what /proc/mounts says.
# mount: no
# lock: mount-helper
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

helper=/sbin/mount.fuse.thulefs
if [[ ! -e $helper ]]; then
	ln -s "$THULEFS" $helper || skip "cannot make $helper"
	trap 'rm -f $helper' EXIT
fi

daemon() {
	sql 'select pid from thule.mount where ended_at is null'
}

ended() {
	[[ -z $(daemon) ]]
}

unmount() {
	local pid
	pid=$(daemon)
	umount "$MNT"
	wait_until 30 process_gone "$pid" || fail "the daemon is there 30 s after umount"
	assert_eq "" "$(daemon)" "mounts that have not ended"
}

mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o rw,nosuid,nodev,noatime
assert_eq "$THULE_SOURCE $MNT fuse.thulefs rw,nosuid,nodev,noatime" \
	"$(grep -F " $MNT " /proc/mounts | cut -d, -f1-4)" "/proc/mounts"
assert_eq "$MNT|f" "$(sql 'select mountpoint, read_only from thule.mount where ended_at is null')" "thule.mount"
kill -0 "$(daemon)" || fail "thule.mount has no living pid"
echo through >"$MNT/file"
unmount

echo "$THULE_SOURCE $MNT fuse.thulefs noauto,nofail,_netdev,user,x-systemd.automount 0 0" >"$CASE_DIR/fstab"
mount -T "$CASE_DIR/fstab" "$MNT"
assert_eq through "$(<"$MNT/file")" "content through fstab"
unmount

mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o ro
assert_fails 'read-only' touch "$MNT/new"
assert_eq through "$(<"$MNT/file")" "content of a read-only mount"
unmount

mount -t fuse.thulefs "$THULE_SOURCE" "$MNT"
assert_fails "$MNT" mount -t fuse.thulefs "$THULE_SOURCE" "$MNT"
assert_fails 'nonsense' mount -t fuse.thulefs "$THULE_SOURCE" "$CASE_DIR/" -o nonsense
# Others are let in as far as permissions go, which is what a system's mount is for.
as_user 65534 cat "$MNT/file" >/dev/null || fail "another user cannot read a file of mode 644"
unmount
wait_until 30 ended || fail "a mount has not ended"
