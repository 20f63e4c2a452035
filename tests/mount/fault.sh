#!/usr/bin/env bash
# A daemon that is killed at a named point of a commit, or loses its connection there (fs/base/fault.h): what it had
# acknowledged is in the database once, and nothing else. Needs a build with fault points.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

grep -qa THULE_FAULT "$THULEFS" || skip "a build without fault points"
faults=$CASE_DIR/faults
mkdir "$faults"

mount_with() { # FAULTS
	export THULE_FAULT=$1 THULE_FAULT_DIR=$faults
	mount_fs
	unset THULE_FAULT THULE_FAULT_DIR
}

# How often the log says that the file was made.
made() { # NAME
	sql "select count(*) from thule.op where name = '$1'::bytea"
}

check() { # NAME AT
	assert_eq "of $1" "$(<"$MNT/$1")" "the file that was acknowledged before $2"
	assert_eq 1 "$(made "$1")" "ops that made it, after $2"
	assert_eq '' "$(fsck)" "fsck after $2"
}

stopped_at() { # POINT
	[[ -e $faults/$1 ]]
}

# Makes files, and notes which of them were acknowledged, until the daemon is gone.
write_on() { # NAME
	local i
	for ((i = 0; i < 10; i++)); do
		{ echo "of $1-$i" >"$MNT/$1-$i"; } && : >"$CASE_DIR/acknowledged/$1-$i" && sync "$MNT/$1-$i" || return
	done
}

umount_fs
for point in batch.send batch.commit batch.flush batch.answer ring.release; do
	mkdir "$CASE_DIR/acknowledged"
	mount_with "$point:stop@2"
	write_on "$point" 2>/dev/null &
	writer=$!
	wait_until 60 stopped_at "$point" || fail "the daemon does not pass $point twice"
	kill_daemon
	wait "$writer" && fail "nobody missed the daemon that was killed at $point"
	rm "$faults/$point"
	mount_fs
	for file in "$CASE_DIR"/acknowledged/*; do
		[[ ! -e $file ]] || check "${file##*/}" "a kill at $point"
	done
	for ((i = 0; i < 10; i++)); do
		[[ $(made "$point-$i") -le 1 ]] || fail "an op is there twice after a kill at $point"
	done
	rm -r "$CASE_DIR/acknowledged"
	umount_fs
done

# Every point that no program sees, once in one mount; the first session is the one that mounts.
for action in fail lose; do
	mount_with "$(printf "%s:$action," batch.{send,commit,flush,answer} ring.release session.progress \
		reader.{ask,answer})session.open:$action@2"
	for ((i = 0; i < 8; i++)); do
		echo "of $action-$i" >"$MNT/$action-$i" || fail "a write failed (faults: $action)"
		timeout 120 sync "$MNT/$action-$i" || fail "fsync failed (faults: $action)"
	done
	for ((i = 0; i < 8; i++)); do
		check "$action-$i" "all faults ($action)"
	done
	umount_fs
done

# What does not exist is refused, and not taken for no fault.
for wrong in nowhere:fail batch.send:explode batch.send batch.send:fail@0; do
	THULE_FAULT=$wrong assert_fails "THULE_FAULT: not a POINT:ACTION" "$THULEFS" "$THULE_SOURCE" "$MNT" -f
done
mount_fs
