#!/usr/bin/env bash
# Many small files made and removed again; what is left in SQL is what is left on the mount, and the log has an
# op for each.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

count=2000

for ((round = 0; round < 2; round++)); do
	python3 - "$MNT" $count <<-'PY'
		import os, sys
		root, count = sys.argv[1], int(sys.argv[2])
		for i in range(count):
		    folder = os.path.join(root, f"{i % 20}")
		    os.makedirs(folder, exist_ok=True)
		    with open(os.path.join(folder, f"{i}"), "w") as f:
		        f.write(f"{i}\n" * (i % 100))
		for i in range(0, count, 2):
		    os.unlink(os.path.join(root, f"{i % 20}", f"{i}"))
	PY
	sync_fs
	assert_eq $((count / 2)) "$(sql "select count(*) from thule.file where kind = 'file'")" "files in SQL"
	assert_eq $((count / 2)) "$(find "$MNT" -type f | wc -l)" "files on the mount"
	assert_eq "$(find "$MNT" -type f -printf '%s\n' | awk '{sum += $1} END {print sum}')" \
		"$(sql "select sum(size) from thule.file where kind = 'file'")" "bytes in SQL"
	rm -rf "${MNT:?}"/*
	sync_fs
	assert_eq 1 "$(sql 'select count(*) from thule.inode')" "inodes of an emptied filesystem"
	assert_eq 0 "$(sql 'select count(*) from thule.extent')" "extents of an emptied filesystem"
done
assert_eq "$((2 * count)) $((2 * count))" \
	"$(sql "select count(*) filter (where kind = 'create'), count(*) filter (where kind = 'unlink') from thule.change" |
		tr '|' ' ')" "creates and unlinks in the log"
