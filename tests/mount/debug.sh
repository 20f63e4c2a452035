#!/usr/bin/env bash
# -o debug logs each request with its process and what became of it, as every FUSE filesystem does, and nothing else does.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

log=$CASE_DIR/daemon.log
# A reply is logged after it was given, so that who got it may be first.
logged() { # REGEX
	grep -qE "$1" "$log"
}
expect() { # REGEX
	wait_until 60 logged "$1" || fail "no line of the log matches '$1': $(tail -n 20 "$log")"
}

mount_fs
echo text >"$MNT/quiet"
[[ -e $MNT/missing ]] && fail "a name from nowhere"
sync_fs
umount_fs
logged 'opcode|unique' && fail "requests are logged without being asked for: $(tail -n 5 "$log")"

THULE_TEST_OPTIONS=debug mount_fs
bash -c 'echo $$ >"$1/pid"; exec mkdir "$2/dir"' _ "$CASE_DIR" "$MNT"
expect "^thulefs: unique: [0-9]+, opcode: MKDIR \([0-9]+\), nodeid: 1, insize: [0-9]+, pid: $(<"$CASE_DIR/pid")\$"
echo text >"$MNT/dir/file"
rmdir "$MNT/dir" 2>/dev/null && fail "rmdir of what is not empty"
expect '^thulefs: +unique: [0-9]+, error: -39 \(Directory not empty\), outsize: 16$'
# A request that waits for the database is told once more when it goes on, and answered once.
umount_fs
: >"$log"
THULE_TEST_OPTIONS=debug mount_fs
assert_eq text "$(<"$MNT/dir/file")" "a file of the mount before"
expect 'opcode: READ '
answered() { # UNIQUE
	[[ $(grep -cE "^thulefs: +unique: $1, (success|error)" "$log") == 1 ]]
}
count=0
while read -r unique; do
	wait_until 60 answered "$unique" || fail "not answered once: $(grep "unique: $unique," "$log")"
	count=$((count + 1))
done < <(sed -nE 's/^thulefs: unique: ([0-9]+), opcode: LOOKUP .*/\1/p' "$log" | sort -u)
((count >= 2)) || fail "$count lookups"
umount_fs
