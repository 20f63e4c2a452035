#!/usr/bin/env bash
# What filled the disk, and which program: thule.usage on what real processes did.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

program() { # NAME: the file that /proc/PID/exe names
	readlink -f "$(PATH=/usr/bin:/bin command -v "$1")"
}

usage() { # BY [ARGUMENTS]: name, written, held, past, created, removed, held
	sql "select name, bytes_written, bytes_held, bytes_past, inodes_created, inodes_removed, inodes_held
		from thule.usage($1)"
}

mkdir "$MNT/logs" "$MNT/work"
sync_fs
since=$(sql 'select clock_timestamp()')
dd if=/dev/urandom of="$MNT/logs/debug.log" bs=64k count=40 status=none
cp /etc/passwd "$MNT/work/a"
cp /etc/passwd "$MNT/work/b"
rm "$MNT/work/b"
sync_fs
size=$(stat -c %s /etc/passwd)
rows=$(usage "'exe', '$since'")
assert_eq "$(program dd)|2621440|2621440|0|1|0|1" "$(head -n 1 <<<"$rows")" "who wrote most"
assert_eq "$(program cp)|$((2 * size))|$size|$size|2|0|1" "$(sed -n 2p <<<"$rows")" "what cp wrote, and what is left"
assert_eq "$(program rm)|0|0|0|0|1|0" "$(sed -n 3p <<<"$rows")" "what rm removed"
assert_eq "/logs|2621440|2621440|0|1|0|1" "$(usage "'directory', '$since'" | head -n 1)" "where it is"
assert_eq "/work|$((2 * size))|$size|$size|2|1|1" "$(usage "'directory', '$since'" | sed -n 2p)" "and where not"
assert_eq "$(id -un)" "$(usage "'user', '$since'" | cut -d '|' -f 1)" "who"
assert_eq "" "$(usage "'user', null, '2000-01-01'")" "before the beginning"

# The command says the same, and takes ages.
asked() { # WORDS...
	"$THULE" usage "$@" --json | jq -r '.[] | [.name, .bytes_written, .bytes_held, .bytes_past, .inodes_created, .inodes_removed, .inodes_held] | join("|")'
}
assert_eq "$rows" "$(asked exe "$MNT" --since "$since")" "the command"
assert_eq "$(head -n 1 <<<"$rows")" "$(asked exe --since 1h -1)" "the command, since an age, which is asked from elsewhere"
assert_eq "$(usage "'exe', '1h'")" "$(asked exe --since 1h)" "an age in SQL"
assert_eq "$(program dd)" "$("$THULE" usage exe --since "$since" | awk 'NR == 2 {print $1}')" "the table"
assert_fails 'a number always has a unit|unit' "$THULE" usage exe --since 10
assert_fails 'no such command' "$THULE" usage colour
assert_fails 'in no mount' "$THULE" usage user /etc

# Values of extended attributes are bytes, too.
sync_fs
since=$(sql 'select clock_timestamp()')
setfattr -n user.a -v 12345 "$MNT/work/a"
setfattr -n user.a -v 123 "$MNT/work/a"
sync_fs
assert_eq "$(program setfattr)|8|3|5|0|0|0" "$(usage "'exe', '$since'")" "extended attributes"

# What the log lacks is not passed over: nobody takes it for nothing having been done.
warned() { # SINCE
	sql "select from thule.usage('exe', '$1')" 2>&1 | grep -c 'WARNING:  the log was pruned'
}

sync_fs
assert_eq 0 "$(warned "$since" || true)" "warnings with the whole log"
assert_eq "" "$("$THULE" log "$MNT" 2>&1 >"$CASE_DIR/log" | cat)" "what log says with it"
"$THULE" prune --keep 0s --ops >"$CASE_DIR/pruned"
assert_eq 1 "$(warned "$since")" "warnings where ops were pruned"
begins=$(sql 'select log_op from thule.superblock')
assert_eq "thule: the log was pruned: it is complete from op:$begins on" "$("$THULE" log --since "$since" 2>&1 >"$CASE_DIR/log" | cat)" "what log says"
assert_eq "thule: the log was pruned: it is complete from op:$begins on" "$("$THULE" usage exe --since "$since" 2>&1 >"$CASE_DIR/log" | cat)" "what usage says"
assert_eq "" "$("$THULE" log --since "op:$begins" 2>&1 >"$CASE_DIR/log" | cat)" "what it says of what it has"
