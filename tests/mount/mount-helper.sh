#!/usr/bin/env bash
# mount(8) and fstab: `mount -t fuse.thulefs SOURCE DIR -o OPTIONS`, remounts, and what /proc/mounts says.
# mount: no
# lock: mount-helper
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

helper=/sbin/mount.fuse.thulefs
trap restore_helpers EXIT
use_helpers

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
	wait_until 60 process_gone "$pid" || fail "the daemon is there 30 s after umount"
	assert_eq "" "$(daemon)" "mounts that have not ended"
}

shown() { # SOURCE: type and flags in /proc/mounts, which writes # as \043
	grep -F "${1//#/\\043} $MNT " /proc/mounts | cut -d ' ' -f 3-4 | sed 's/,user_id.*//'
}

mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o rw,nosuid,nodev,noatime
assert_eq "$THULE_SOURCE $MNT fuse.thulefs rw,nosuid,nodev,noatime" \
	"$(grep -F " $MNT " /proc/mounts | cut -d, -f1-4)" "/proc/mounts"
assert_eq "$MNT|f" "$(sql 'select mountpoint, read_only from thule.mount where ended_at is null')" "thule.mount"
pid=$(daemon)
kill -0 "$pid" || fail "thule.mount has no living pid"
echo through >"$MNT/file"
# Asked by the source, umount(8) calls our helper, which waits for the daemon.
umount "$THULE_SOURCE"
process_gone "$pid" || fail "the daemon is there after umount"

echo "$THULE_SOURCE $MNT fuse.thulefs noauto,nofail,_netdev,user,x-systemd.automount 0 0" >"$CASE_DIR/fstab"
mount -T "$CASE_DIR/fstab" "$MNT"
assert_eq through "$(<"$MNT/file")" "content through fstab"
unmount

# Remounting goes through the helper, with what /proc/mounts says.
mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o ro
assert_fails 'read-only' touch "$MNT/new"
assert_eq through "$(<"$MNT/file")" "content of a read-only mount"
mount -o remount,rw,nosuid,strictatime "$MNT"
assert_eq "fuse.thulefs rw,nosuid" "$(shown "$THULE_SOURCE")" "after a remount"
touch "$MNT/new"
mount -o remount,ro,noatime,nodiratime,nodev,noexec "$MNT"
assert_eq "fuse.thulefs ro,nosuid,nodev,noexec,noatime,nodiratime" "$(shown "$THULE_SOURCE")" "after another"
assert_fails 'read-only' touch "$MNT/new"
assert_fails 'no ThuleFS' "$helper" "$THULE_SOURCE" "$CASE_DIR" -o remount,ro
mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o remount,rw,suid,dev,exec,relatime,diratime
assert_eq "fuse.thulefs rw,relatime" "$(shown "$THULE_SOURCE")" "after all is taken back"
assert_eq 1 "$(grep -c " $MNT " /proc/mounts)" "mounts after remounts"
unmount

# A mount of the past is read-only and without power whatever fstab or a remount says.
mount -t fuse.thulefs "$THULE_SOURCE" "$MNT"
then=op:$(sql 'select max(op) from thule.op')
unmount
echo "$THULE_SOURCE $MNT fuse.thulefs noauto,at=$then,rw,suid,dev 0 0" >"$CASE_DIR/fstab"
mount -T "$CASE_DIR/fstab" "$MNT"
assert_eq "fuse.thulefs ro,nosuid,nodev,relatime" "$(shown "$THULE_SOURCE")" "the past through fstab"
mount -o remount,rw,suid,dev "$MNT"
assert_eq "fuse.thulefs ro,nosuid,nodev,relatime" "$(shown "$THULE_SOURCE")" "the past after a remount"
unmount

# All that mount(8) names for every filesystem.
mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o owner,group,nousers,silent,iversion,nomand,nosymfollow
assert_match 'nosymfollow' "$(shown "$THULE_SOURCE")" "with nosymfollow"
ln -s file "$MNT/link"
assert_fails 'too many levels' cat "$MNT/link"
mount -o remount,symfollow "$MNT"
assert_eq through "$(<"$MNT/link")" "through a link, once it may be followed"
unmount

mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" 2>&1 | diff - /dev/null || fail "mount(8) is not told good news"
# What is there already is no failure for mount(8), which asks with `mount -a`, and is not mounted twice.
mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" 2>&1 | diff - /dev/null || fail "mount(8) of what is mounted is not silent"
assert_eq 1 "$(grep -c " $MNT " /proc/mounts)" "mounts after a second mount"
assert_fails 'nonsense' mount -t fuse.thulefs "$THULE_SOURCE" "$CASE_DIR/" -o nonsense
# Others are let in as far as permissions go, which is what a system's mount is for.
as_user 65534 cat "$MNT/file" >/dev/null || fail "another user cannot read a file of mode 644"
unmount

# All that suites send, with nothing in the environment; and the type that they look for.
ln -s "$PGHOST" "$CASE_DIR/a#b"
THULE_SOURCE="postgresql://$PGUSER@${CASE_DIR//\//%2F}%2Fa#b:${PGPORT:-5432}/$CASE_DB"
env -i "$(command -v mount)" -t fuse.thulefs "$THULE_SOURCE" "$MNT" -s -n -v -o \
	rw,nosuid,suid,nodev,dev,nodiratime,strictatime,relatime,lazytime,allow_other,default_permissions,dax,inlinecrypt \
	-o noacl,nosubtype
assert_eq "fuse rw,nodiratime,relatime" "$(shown "$THULE_SOURCE")" "with nosubtype"
echo changed >"$MNT/file"
# Somebody who looks at all mounts may be in it for a moment.
umount_when_free() {
	wait_until 60 umount "$MNT" 2>/dev/null
}

# umount(8) has no helper for this type. The next mount waits for the daemon that is still committing.
for i in 1 2 3 4 5; do
	head -c 3000000 /dev/urandom >"$MNT/bytes"
	sum=$(cksum <"$MNT/bytes")
	umount_when_free || fail "umount, the $i. time"
	mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o nosubtype || fail "mount after umount, the $i. time"
	assert_eq "$sum" "$(cksum <"$MNT/bytes")" "what was written before umount"
done
# A mount that comes while umount is about to be done is never on top of what goes.
umount_when_free &
wait_until 60 mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o nosubtype || fail "mount while umount was under way"
wait
# It may have found the old one, if umount came late.
mount -t fuse.thulefs "$THULE_SOURCE" "$MNT" -o nosubtype || fail "mount after umount"
assert_eq 1 "$(grep -c " $MNT " /proc/mounts)" "mounts"
assert_eq changed "$(<"$MNT/file")" "content after a mount that waited"
unmount
wait_until 60 ended || fail "a mount has not ended"
