#!/usr/bin/env bash
# What was pruned by itself is not the same as what never was: who looks for it in the mount, or compares with it, is told.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

now() {
	sync_fs
	sql "select 'op:' || max(op) from thule.op"
}

diff_says() { # FROM TO [PATH]; what it says beside the differences
	"$THULE" diff "$@" 2>&1 >/dev/null | grep -v 'nothing differs' || true
}

cd "$MNT"
mkdir d other
echo before >d/f
echo before >f
echo before >g
start=$(now)
echo after >d/f
echo after >f
echo more >d/late
echo more >late
end=$(now)
assert_eq "" "$(diff_says "$start" "$end")" "nothing was pruned"

"$THULE" prune --keep 0s "$MNT/d" >/dev/null
"$THULE" prune --keep 0s "$MNT/f" >/dev/null
"$THULE" prune --keep 0s "$MNT/late" >/dev/null
past=.thule/at/$start
assert_eq "g other" "$(cd "$past" && echo *)" "names in a directory of then"
assert_fails 'No data available' cat "$past/f"
assert_fails 'No data available' ls "$past/d"
assert_fails 'No such file' cat "$past/late"
assert_fails 'No such file' cat "$past/never"
assert_eq before "$(cat "$past/g")" "what was not pruned"

assert_match '^thule: 3 files, with everything in them, cannot be compared: pruned before .*op:' "$(diff_says "$start" now .)" "all"
assert_match '^thule: 1 file, with everything in it, cannot' "$(diff_says "$start" now f)" "a file"
assert_eq "" "$(diff_says "$start" now g)" "another file"
assert_eq "" "$(diff_says now now)" "what came later"
assert_match '^thule: 3 files' "$(diff_says "$start" now --stat)" "with --stat"
