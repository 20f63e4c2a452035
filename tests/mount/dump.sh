#!/usr/bin/env bash
# pg_dump of a filesystem that is mounted and written to, restored by pg_restore into another database of the same server:
# it is the filesystem of one instant, to the byte, sound, and is mounted beside its original.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need pg_dump pg_restore md5sum

copy=${CASE_DB}_copy
source_of_copy=${THULE_SOURCE/$CASE_DB/$copy}
[[ $source_of_copy != "$THULE_SOURCE" ]] || skip "the database of the copy has no name here"
side=$CASE_DIR/side
mkdir "$side"
# shellcheck disable=SC2317 # called by trap
clean_up() {
	kill "${writer:-}" 2>/dev/null || true
	umount -l "$side" 2>/dev/null || fusermount3 -uz "$side" 2>/dev/null || true
	psql -XAtq -d postgres -c "drop database if exists \"$copy\" with (force)" || true
}
trap clean_up EXIT
sums() { # DIRECTORY
	(cd "$1" && find . -type f -exec md5sum {} + | sort -k 2)
}

mkdir "$MNT/load"
head -c 1000000 /dev/urandom >"$MNT/bytes"
echo more >>"$MNT/bytes"
rm -f "$MNT/gone"
# Files in pairs, the second when the first is there: without the one no state has the other.
(
	for ((i = 0; i < 3000; i++)); do
		echo "$i" >"$MNT/load/$i"
		mv "$MNT/load/$i" "$MNT/load/moved-$i"
	done
) &
writer=$!
wait_until 60 test -e "$MNT/load/moved-100" || fail "nothing is written"
pg_dump -Fc -d "$THULE_SOURCE" -f "$CASE_DIR/dump"
kill "$writer" 2>/dev/null || true
wait "$writer" 2>/dev/null || true
sync_fs

psql -XAtq -d postgres -c "create database \"$copy\" template template0"
pg_restore --exit-on-error -d "$source_of_copy" "$CASE_DIR/dump"
assert_eq "" "$(psql -XAtq -d "$source_of_copy" -c 'table thule.fsck')" "fsck of the copy"
op=$(psql -XAtq -d "$source_of_copy" -c 'select max(op) from thule.op')
assert_eq "$MNT/bytes" "$(psql -XAtq -d "$source_of_copy" -c "select path from osquery.file where path = '$MNT/bytes'")" "the tables of osquery, restored"
assert_fails 'already mounted' env THULE_DB="$THULE_SOURCE" "$THULE" rebrand
before=$(psql -XAtq -d "$source_of_copy" -c 'select uuid from thule.superblock')
assert_match "was $before and is" "$(THULE_DB=$source_of_copy "$THULE" rebrand)" "an identity of its own"
THULE_DB=$source_of_copy "$THULE" rebrand --identity "$before" >/dev/null
assert_eq "$before" "$(psql -XAtq -d "$source_of_copy" -c 'select uuid from thule.superblock')" "its former identity"
assert_fails 'uuid' env THULE_DB="$source_of_copy" "$THULE" rebrand --identity nonsense
THULE_DB=$source_of_copy "$THULE" rebrand >/dev/null

"$THULE" mount "$source_of_copy" "$side" >/dev/null
sums "$side" >"$CASE_DIR/side.sums"
sums "$MNT/.thule/at/op:$op" >"$CASE_DIR/original.sums"
[[ -s $CASE_DIR/side.sums ]] || fail "the copy is empty"
cmp "$CASE_DIR/original.sums" "$CASE_DIR/side.sums" || fail "the copy is not what the original was as of op:$op"
echo here >"$MNT/here"
echo there >"$side/there"
sync "$MNT/here" "$side/there"
[[ ! -e $MNT/there && ! -e $side/here ]] || fail "the two are mixed up"
"$THULE" umount "$side"
