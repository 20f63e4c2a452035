#!/usr/bin/env bash
# `thule tar` of files with holes: the holes are not in the archive, and are holes again when GNU tar or bsdtar has unpacked it.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

need bsdtar
tars=(tar bsdtar)

mkdir "$MNT/t"
cd "$MNT/t"
# Holes before, between and after bytes; none of the ends is a multiple of anything.
truncate -s 10G large
for at in 4096 1234567 5368709120 10737418000; do
	head -c 5000 /dev/urandom | dd of=large bs=1M seek="$at" oflag=seek_bytes conv=notrunc status=none
done
truncate -s 10737418240 large
truncate -s 3G hollow # nothing but a hole
head -c 200000 /dev/urandom >end
truncate -s 67108865 end # a hole at the end
truncate -s 32M begin
head -c 70001 /dev/urandom >>begin # and at the beginning
head -c 3000000 /dev/urandom >full
dd if=/dev/zero of=zeros bs=64K count=4 status=none # written zeros are bytes
: >empty
truncate -s 65536 small-hollow
truncate -s 1000 tiny-hollow
# Many short holes, which are worth one another's while only where they have whole blocks.
python3 - <<'P'
import os
fd = os.open("comb", os.O_WRONLY | os.O_CREAT, 0o644)
for i in range(300):
    os.pwrite(fd, os.urandom(5000), i * 16384)
os.pwrite(fd, b"x", 50000000)
P
# The bytes of the past end elsewhere than those of now.
head -c 300000 /dev/urandom >shortened
truncate -s 100001 shortened
truncate -s 400000 shortened
ln end end-again

sync_fs
then=op:$(sql 'select max(op) from thule.op')
bytes() { # of all files: what may be compared whole
	(cd "$1" && sha256sum begin comb shortened empty end-again full small-hollow tiny-hollow zeros && head -c 6000000 large | sha256sum)
}
content=$(bytes "$MNT/t")
cd "$CASE_DIR"
"$THULE" tar "$MNT/t" >now.tar
size=$(stat -c %s now.tar)
((size < 16 << 20)) || fail "the archive has $size bytes"
rm "$MNT"/t/*
"$THULE" tar "$MNT/t" --at "$then" >then.tar
cmp now.tar then.tar || fail "the archive of the past differs"
for program in "${tars[@]}"; do
	mkdir "$program"
	"$program" -x -f then.tar -C "$program"
	assert_eq "$content" "$(bytes "$program")" "bytes that $program unpacked"
	for file in begin comb shortened empty end full hollow large small-hollow; do
		kib=$(du -k "$program/$file" | cut -f 1)
		((kib <= 6000)) || fail "$file, unpacked by $program, takes $kib KiB"
		assert_eq "$(stat -c %s "$MNT/.thule/at/$then/t/$file")" "$(stat -c %s "$program/$file")" "size of $file"
	done
	# What is at the far places of the large one.
	for at in 1234567 5368709120 10737418000 10737410000; do
		cmp <(tail -c "+$((at + 1))" "$MNT/.thule/at/$then/t/large" | head -c 8000) \
			<(tail -c "+$((at + 1))" "$program/large" | head -c 8000) || fail "large at $at, unpacked by $program"
	done
	rm -r "$program"
done
# Alone, through a pipe.
"$THULE" tar "$MNT/t/hollow" --at "$then" | tar -tv | grep -q 3221225472 || fail "a file alone"
