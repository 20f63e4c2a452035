#!/usr/bin/env bash
# Other majors of PostgreSQL than Debian's: a mount, its history and undo, on a server without lz4, which keeps bytes as
# they are, and `thule status` says so.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

tried=0
servers=()
stop_servers() {
	local server
	for server in "${servers[@]}"; do
		THULE_TEST_CLUSTER=$server "$LIB/cluster" stop
	done
}
trap stop_servers EXIT

try_major() { # MAJOR FOLDER
	local server=$CASE_DIR.pg$1
	servers+=("$server")
	export THULE_TEST_CLUSTER=$server THULE_TEST_PG_BIN=$2
	"$LIB/cluster" start || fail "PostgreSQL $1 did not start"
	THULE_SOURCE="postgresql://postgres@/postgres?host=${server//\//%2F}%2Fsocket"
	export THULE_DB=$THULE_SOURCE
	mount_fs
	assert_match "^$1" "$(sql 'show server_version')" "version"

	head -c 300000 /dev/zero >"$MNT/zeros"
	echo first >"$MNT/file"
	"$THULE" snapshot create before >/dev/null
	"$THULE" run --tag second -- sh -c "echo second >'$MNT/file'; rm '$MNT/zeros'"
	assert_eq first "$("$THULE" cat "$MNT/file" --at before)" "the past"
	assert_eq first "$(<"$MNT/.thule/at/before/file")" "the past, in the mount"
	"$THULE" undo --tag second --yes "$MNT" >/dev/null
	assert_eq "first 300000" "$(<"$MNT/file") $(stat -c %s "$MNT/zeros")" "after undo"
	cmp <(head -c 300000 /dev/zero) "$MNT/zeros" || fail "the bytes are others"
	remount_fs
	assert_eq first "$(<"$MNT/file")" "after another mount"
	if [[ $(sql "select attstorage from pg_attribute where attrelid = 'thule.blob'::regclass and attname = 'data'") == e ]]; then
		assert_match 'compression +none: this server is built without lz4' "$("$THULE" status "$MNT")" "status"
		assert_eq 300000,true "$(sql "select sum(octet_length(data)) || ',' || bool_and(pg_column_size(data) >= octet_length(data))
			from thule.blob where octet_length(data) > 100" )" "bytes, and whether blobs take as many"
	else
		assert_match 'compression +lz4' "$("$THULE" status "$MNT")" "status"
	fi
	"$THULE" fsck >/dev/null || fail "fsck"
	umount_fs
}

for major in 16 17 18; do
	if bin=$("$LIB/postgres" "$major" 2>"$CASE_DIR/why"); then
		try_major "$major" "$bin"
		tried=$((tried + 1))
	fi
done
# The case's own database has no filesystem in it.
rm -f "$CASE_DIR/daemon.pid"
[[ $tried != 0 ]] || skip "$(<"$CASE_DIR/why")"
