#!/usr/bin/env bash
# fio writes at random, reads back and verifies checksums: psync, libaio and mmap, several jobs at once; and the
# files verify again after a remount.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need fio

run() { # NAME ARGUMENTS...
	local name=$1
	shift
	fio --name="$name" --directory="$MNT" --verify=crc32c --verify_fatal=1 --verify_state_save=0 \
		--randseed=7 --size=12m --thread --output="$CASE_DIR/fio.log" "$@" || fail "fio $name: $(<"$CASE_DIR/fio.log")"
}

jobs() { # EXTRA ARGUMENTS...
	run psync --ioengine=psync --rw=randwrite --bsrange=512-64k --numjobs=2 "$@"
	run libaio --ioengine=libaio --iodepth=8 --rw=randwrite --bs=4k "$@"
	run direct --ioengine=libaio --iodepth=8 --direct=1 --rw=randwrite --bs=4k "$@"
	run mmap --ioengine=mmap --rw=randwrite --bs=4k "$@"
	run stream --ioengine=psync --rw=write --bs=1m --end_fsync=1 "$@"
}

jobs
remount_fs
jobs --verify_only
