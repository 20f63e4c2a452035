#!/usr/bin/env bash
# fsync returns after what was done to the file, and all before that, is committed, and not before.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

# Keeps batches from committing, as a slow server would, until `release`.
hold() {
	: >"$CASE_DIR/hold"
	# exec: release signals psql itself
	exec 8> >(exec psql -XAtq -d "$THULE_SOURCE" >"$CASE_DIR/hold" 2>&1)
	echo "begin; lock table thule.op in exclusive mode; select 'held';" >&8
	wait_until 60 grep -q held "$CASE_DIR/hold" || fail "no lock on thule.op"
}

release() {
	echo 'commit;' >&8
	exec 8>&-
}

for what in file directory; do
	mkdir "$MNT/$what"
	echo "content of $what" >"$MNT/$what/a"
	ln "$MNT/$what/a" "$MNT/$what/b"
	if [[ $what == file ]]; then
		sync "$MNT/$what/a"
	else
		sync "$MNT/$what"
	fi
	kill_daemon
	assert_eq "content of $what" "$(sql "select convert_from(thule.content('/$what/b'), 'UTF8')" | head -n 1)" \
		"committed after fsync of a $what"
	mount_fs
	assert_eq "content of $what" "$(<"$MNT/$what/a")" "content after the kill"
done

# While nothing can commit, fsync waits and writers go on.
hold
echo held >"$MNT/held"
assert_eq held "$(<"$MNT/held")" "read back before it is committed"
sync "$MNT/held" &
sync_pid=$!
dd if=/dev/zero of="$MNT/osync" bs=4k count=1 oflag=sync 2>/dev/null &
osync_pid=$!
for ((i = 0; i < 50; i++)); do
	echo $i >"$MNT/more-$i"
done
for pid in $sync_pid $osync_pid; do
	kill -0 "$pid" 2>/dev/null || fail "a synchronous call returned before anything was committed"
done
assert_eq 0 "$(sql "select count(*) from thule.file where path = '/held'")" "rows before the commit"
release
wait $sync_pid || fail "fsync failed"
wait $osync_pid || fail "an O_SYNC write failed"
assert_eq 1 "$(sql "select count(*) from thule.file where path = '/held'")" "rows after fsync"
sync_fs
assert_eq 50 "$(sql "select count(*) from thule.file where path like '/more-%'")" "rows of later files"
