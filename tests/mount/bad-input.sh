#!/usr/bin/env bash
# What cannot be mounted is refused with a message that says why; nothing is mounted, and nothing is lost.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

other=$CASE_DIR/other
mkdir "$other"

refused() { # REGEX SOURCE DIR [OPTIONS]
	local pattern=$1 source=$2 dir=$3 opts=${4:-}
	assert_fails "$pattern" timeout 120 "$THULEFS" "$source" "$dir" ${opts:+-o "$opts"}
	if awk -v dir="$dir" '$2 == dir {found = 1} END {exit !found}' /proc/mounts && [[ $dir != "$MNT" ]]; then
		fusermount3 -uz "$dir"
		fail "'$source' was refused but is mounted on $dir"
	fi
}

status_of() { # COMMAND...
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

echo 'not lost' >"$MNT/file"
sync_fs

# The server and the database.
refused "$CASE_DIR/nowhere|no such file|could not connect|no server" "postgresql:///x?host=${CASE_DIR//\//%2F}%2Fnowhere" \
	"$other"
refused 'not exist' "${THULE_SOURCE/$(basename "$CASE_DIR")/no_such_database}" "$other"
refused 'password' "${THULE_SOURCE/postgres@/pw:wrong@}" "$other"
refused 'postgresql|connection string|unknown|invalid|missing' 'host=/tmp nonsense' "$other"
refused 'SOURCE is .private., a connection string .* or a URI' foo "$other"
mkdir "$CASE_DIR/"$'not\xfftext'
refused 'mount point .*not.xfftext is not text in UTF-8' "$THULE_SOURCE" "$CASE_DIR/"$'not\xfftext'
assert_eq 1 "$(status_of timeout 120 "$THULEFS" "${THULE_SOURCE/postgres@/pw:wrong@}" "$other")" "exit status: refused"

# The password is right, but is not to be seen in /proc/mounts.
umount_fs
MNT=$other THULE_SOURCE=${THULE_SOURCE/postgres@/pw:right@} mount_fs
grep -F " $other " /proc/mounts | grep -q 'right' && fail "the password is in /proc/mounts"
assert_eq 'not lost' "$(<"$other/file")" "content through the other role"
MNT=$other umount_fs
mount_fs

# Held by another mount, which is named; without -f root would get it there as well, see mount-twice.sh.
assert_fails "$MNT" timeout 120 "$THULEFS" -f "$THULE_SOURCE" "$other"
assert_eq 'not lost' "$(<"$MNT/file")" "content after a second mount was refused"
echo more >>"$MNT/file"

# Mount points.
refused 'not exist|no such' "$THULE_SOURCE" "$CASE_DIR/missing"
: >"$CASE_DIR/regular"
refused 'not a directory' "$THULE_SOURCE" "$CASE_DIR/regular"
mkdir "$CASE_DIR/full"
: >"$CASE_DIR/full/entry"
refused 'not empty' "$THULE_SOURCE" "$CASE_DIR/full"
refused 'mounted|busy' "$THULE_SOURCE" "$MNT"

# Options and arguments.
refused 'nonsense' "$THULE_SOURCE" "$other" 'nonsense=3'
refused 'nonsense' "$THULE_SOURCE" "$other" 'rw,nonsense'
assert_eq 2 "$(status_of "$THULEFS" "$THULE_SOURCE" "$other" -o nonsense)" "exit status: unknown option"
assert_eq 2 "$(status_of "$THULEFS")" "exit status: no arguments"
assert_eq 2 "$(status_of "$THULE" no-such-command)" "exit status: unknown command"
assert_eq 2 "$(status_of "$THULE" mount)" "exit status: mount without a folder"

# A dead mount as mount point: the daemon is gone, the mount is not.
kill -KILL "$(daemon_pid)"
wait_daemon_gone
refused 'dead|not connected|stale|fusermount|umount' "$THULE_SOURCE" "$MNT"
fusermount3 -uz "$MNT"
mount_fs
assert_eq $'not lost\nmore' "$(<"$MNT/file")" "content after all that"
umount_fs

# A schema of the future.
sql 'update thule.superblock set schema_version = schema_version + 1'
refused 'newer|version' "$THULE_SOURCE" "$other"
sql 'update thule.superblock set schema_version = schema_version - 1'

# Somewhere to keep a private database.
: >"$CASE_DIR/home-is-a-file"
THULE_HOME=$CASE_DIR/home-is-a-file/thule refused "$CASE_DIR/home-is-a-file" private "$other"
if [[ $(id -u) == 0 ]]; then
	THULE_HOME=/proc/thule refused '/proc/thule' private "$other"
	mkdir "$CASE_DIR/tiny"
	mount -t tmpfs -o size=8m tmpfs "$CASE_DIR/tiny"
	chmod 711 "$CASE_DIR/tiny"
	THULE_HOME=$CASE_DIR/tiny/thule refused 'space|room|full' private "$other"
	umount "$CASE_DIR/tiny"
fi

mount_fs
assert_eq $'not lost\nmore' "$(<"$MNT/file")" "content at the end"
