#!/usr/bin/env bash
# A backup that is taken while a program writes, with the WAL since: restored to an instant between two changes it has the
# first and not the second, to the byte; it is sound, has an identity of its own, and is mounted beside its original. What
# cannot be restored is refused with what to do.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

"$THULE" sql -c 'select 1' >/dev/null
home=$THULE_HOME
copy=$CASE_DIR/copy
side=$CASE_DIR/side
mkdir "$side"
# shellcheck disable=SC2317 # called by trap
clean_up() {
	local h
	umount -l "$side" 2>/dev/null || fusermount3 -uz "$side" 2>/dev/null || true
	kill "${writer:-}" 2>/dev/null || true
	for h in "$copy" "$CASE_DIR"/to-*; do
		[[ ! -e $h/data ]] || THULE_HOME=$h "$THULE" cluster stop --force >/dev/null || true
	done
}
trap clean_up EXIT
at() { # HOME COMMAND...
	THULE_HOME=$1 "$THULE" "${@:2}"
}
op_now() {
	"$THULE" sync "$MNT"
	sql 'select max(op) from thule.op'
}

assert_match "WAL goes to $CASE_DIR/archive, up to 0" "$("$THULE" cluster archive "$CASE_DIR/archive")" "archiving"
head -c 300000 /dev/urandom >"$MNT/first"
mkdir "$MNT/load"
(
	i=0
	while ((++i < 4000)); do
		echo "$i" >"$MNT/load/$((i % 50))"
	done
) &
writer=$!
assert_match 'verified' "$("$THULE" backup "$CASE_DIR/b" 2>&1)" "a backup under load"
kill "$writer" 2>/dev/null || true
wait "$writer" || true
assert_match "^filesystem $(sql 'select uuid from thule.superblock')" "$(<"$CASE_DIR/b/label")" "the label"

# What the backup itself has, though more was written since.
"$THULE" sync "$MNT"
"$THULE" backup "$CASE_DIR/quiet" >/dev/null
quiet=$(op_now)
# Two changes, and an instant between them: an op, and its time as the log tells it.
head -c 200000 /dev/urandom >"$MNT/wanted"
cat "$MNT/first" >>"$MNT/wanted"
(cd "$MNT" && find . -type f -exec md5sum {} + | sort -k 2) >"$CASE_DIR/sums"
between=$(op_now)
when=$(sql "select at from thule.op where op = $between")
echo second >"$MNT/second"
echo over >"$MNT/first"
rm "$MNT/wanted"
for i in 1 2 3; do
	sql "select pg_create_restore_point('$i')" >/dev/null
	completed=$(sql 'select pg_walfile_name(pg_switch_wal())')
done
archived() { # whatever the server has written since
	[[ $(sql "select last_archived_wal >= '$completed' from pg_stat_archiver") == t ]]
}
wait_until 60 archived || fail "WAL is not archived"

said=$("$THULE" backup restore "$CASE_DIR/b" "$copy" --to "$when")
assert_match "as of op:$between, .*THULE_HOME=$copy thule mount DIR" "${said//$'\n'/ }" "a restored backup"
assert_eq "" "$(at "$copy" sql -XAtc 'table thule.fsck')" "fsck of the copy"
at "$copy" mount "$side" >/dev/null
(cd "$side" && find . -type f -exec md5sum {} + | sort -k 2) >"$CASE_DIR/sums.side"
cmp "$CASE_DIR/sums" "$CASE_DIR/sums.side" || fail "the copy: $(diff "$CASE_DIR/sums" "$CASE_DIR/sums.side")"

# Side by side, and nothing of one gets into the other; a journal that the original left stays its own.
[[ $(at "$copy" sql -XAtc 'select uuid from thule.superblock') != "$(sql 'select uuid from thule.superblock')" ]] ||
	fail "the copy has the identity of its original"
echo here >"$MNT/here"
echo there >"$side/there"
sync "$MNT/here" "$side/there"
[[ ! -e $MNT/there && ! -e $side/here && -e $MNT/second ]] || fail "the two are mixed up"
"$THULE" umount "$side"
mkfifo "$CASE_DIR/commands"
at "$home" sql -XAtq <"$CASE_DIR/commands" >"$CASE_DIR/said" &
locker=$!
exec 3>"$CASE_DIR/commands"
echo 'begin; lock table thule.op in share mode; select 1;' >&3
wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
echo left >"$MNT/left"
kill_daemon
at "$copy" mount "$side" >/dev/null 3>&- || fail "the copy is not mounted beside a journal of its original"
[[ ! -e $side/left ]] || fail "the copy has taken the journal of its original"
assert_fails 'mount it once before' "$THULE" rebrand
exec 3>&-
wait "$locker" || true
mount_fs
assert_eq left "$(<"$MNT/left")" "what was in the journal of the original"
assert_fails 'already mounted' at "$copy" rebrand
"$THULE" umount "$side"
assert_match 'was .* and is' "$(at "$copy" rebrand)" "another identity"
at "$copy" cluster stop >/dev/null

# What is to take the place of its original, and ends where the backup does.
"$THULE" backup restore "$CASE_DIR/quiet" "$CASE_DIR/to-quiet" --to "op:$quiet" --keep-identity >/dev/null
assert_eq "$quiet $(sql 'select uuid from thule.superblock')" "$(at "$CASE_DIR/to-quiet" sql -XAtF ' ' -c \
	'select (select max(op) from thule.op), uuid from thule.superblock')" "the end of a backup, and the identity that was kept"
at "$CASE_DIR/to-quiet" cluster stop >/dev/null

# What cannot be.
refused() { # PATTERN WORDS...
	assert_fails "$1" "$THULE" backup "${@:2}"
	[[ ! -e $CASE_DIR/to-none ]] || fail "a refused restore has left $(find "$CASE_DIR/to-none")"
}
refused 'holds a backup already' "$CASE_DIR/b"
refused 'is not empty' restore "$CASE_DIR/b" "$copy"
refused 'no finished backup' restore "$copy" "$CASE_DIR/to-none"
refused 'cannot be restored to an instant before' restore "$CASE_DIR/b" "$CASE_DIR/to-none" --to op:20
refused 'is not there.*--archive' restore "$CASE_DIR/b" "$CASE_DIR/to-none" --archive "$CASE_DIR/nowhere"
"$THULE" backup restore "$CASE_DIR/b" "$CASE_DIR/to-none" >/dev/null 2>&1 &
restorer=$!
wait_until 60 test -e "$CASE_DIR/to-none/restoring/PG_VERSION" || fail "nothing is restored"
assert_fails 'not to its end' at "$CASE_DIR/to-none" cluster start
kill "$restorer"
wait "$restorer" && fail "an interrupted restore has succeeded"
[[ ! -e $CASE_DIR/to-none ]] || fail "an interrupted restore has left $(find "$CASE_DIR/to-none")"
"$THULE" backup verify "$CASE_DIR/b" >/dev/null
# Without the original server, a segment that the archive lacks is a gap.
cp -a "$CASE_DIR/archive" "$CASE_DIR/holes"
sed -i 's/^data .*/data /' "$CASE_DIR/b/label"
gap=$(find "$CASE_DIR/holes" -name '0000*' -size 16M | sort | tail -n 2 | head -n 1)
rm "$gap"
refused "has a gap: ${gap##*/} is missing" restore "$CASE_DIR/b" "$CASE_DIR/to-none" --archive "$CASE_DIR/holes"
refused "lacks ${gap##*/}" verify "$CASE_DIR/b" --archive "$CASE_DIR/holes"
printf x | dd of="$CASE_DIR/b/data/global/pg_control" bs=1 seek=100 conv=notrunc 2>/dev/null
refused 'is damaged' verify "$CASE_DIR/b"
