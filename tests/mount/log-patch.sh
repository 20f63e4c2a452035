#!/usr/bin/env bash
# thule log --patch and --stat, thule show: what changes did to files, by runs of one process's; several paths; pruned; on a terminal;
# without diff(1).
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

# The program of each run, and the lines that it added and removed.
runs() { # LOG'S ARGUMENTS
	"$THULE" log --patch "$@" | awk '/^op:/ { sub(".*/", ""); print } /^[-+]/ && !/^(---|\+\+\+) / { print }'
}

cd "$MNT"
printf 'one\ntwo\nthree\n' >"$CASE_DIR/text"
cp "$CASE_DIR/text" file
python3 -c '
import os
open("more", "w").write("more\n")
with open("file", "r+") as f:
    f.write("ONE")
' # writes to two files are one run
sed -i s/two/TWO/ file
chmod 600 file
assert_eq 'chmod
sed
-two
+TWO
python3
-one
+ONE
cp
+one
+two
+three' "$(runs file | sed 's/^python3.*/python3/')" "a file that was written to, and saved anew"
"$THULE" log --patch file | grep -A1 '^old mode 100644$' | grep -qx 'new mode 100600' || fail "no modes"
python=$("$THULE" log --json more | jq '.[0].pid')
assert_eq '-one
+ONE
+more' "$(runs --pid "$python" | tail -n +2)" "two files, one run"

# Two processes by turns: what one did ends where the other begins.
exec {a}> >(exec python3 -uc '
import sys
for line in sys.stdin: open("turns", "a").write(line)')
exec {b}> >(exec python3 -uc '
import sys
for line in sys.stdin: open("turns", "a").write(line)')
touch turns
for i in 1 2 3 4; do
	echo "line $i" >&$((i % 2 ? a : b))
	wait_until 60 grep -q "line $i" turns
done
exec {a}>&- {b}>&-
assert_eq '+line 4
+line 3
+line 2
+line 1' "$(runs turns | grep line)" "two processes"
first=$("$THULE" log --json -n 1 --kind write turns | jq -r '.[0].pid')
assert_eq '+line 4
+line 2' "$(runs --pid "$first" turns | grep line)" "one of them: what the other did in between is not in it"

# Counts, the oldest first, and the log of two paths.
printf 'a\0b' >binary
assert_eq ' file | +3 -0 lines
 file | +1 -1 lines
 more | +1 -0 lines
 file | +1 -1 lines
 file | mode 0644 -> 0600
 binary | 0 -> 3 bytes' "$("$THULE" log --stat --reverse file more binary | grep ' | ')" "counts"
kinds=$("$THULE" log --json file more | jq -r '[.[] | .path] | unique | join(" ")')
assert_match '/file.*/more' "$kinds" "the log of two paths"
assert_eq "$("$THULE" log --json file more | jq length)" \
	"$(($("$THULE" log --json file | jq length) + $("$THULE" log --json more | jq length)))" "two logs in one"
assert_eq "$("$THULE" log --json more | jq length)" "$("$THULE" log --json more /more | jq length)" "a path given twice"
assert_fails 'not in the same mount and database' env -C / THULE_DB=dbname=another "$THULE" log "$MNT/file" /nowhere

# One change.
echo four >>"$MNT/file"
last=$(op)
shown=$("$THULE" show "op:$last")
assert_match "kind  write
 +path  /file" "$shown" "show"
assert_match 'cmdline  .*log-patch.sh' "$shown" "who"
assert_match '\+four$' "$shown" "what"
assert_eq "$last" "$("$THULE" show now --json | jq .op)" "the last one"
assert_eq ' file | +1 -0 lines' "$("$THULE" show "op:$last" --stat | tail -n 1)" "counts of one"
assert_fails 'there is no op' "$THULE" show op:999999
assert_fails 'is not an instant' "$THULE" show 12
assert_fails 'leave out --json' "$THULE" log -p --json
assert_fails 'either --patch or --stat' "$THULE" log -p --stat
assert_fails 'does not end' "$THULE" log -p --follow

# What is in a file does not steer a terminal; what goes to a program is as it is.
printf 'a\033[31mb\tc\n' >escapes
assert_match '\+a\\x1b\[31mb'$'\t'c "$(script -qec "THULE_PAGER=cat NO_COLOR=1 $THULE log -p -n 1 escapes" /dev/null)" "on a terminal"
assert_match $'\\+a\033\\[31mb\tc' "$("$THULE" log -p -n 1 escapes)" "in a pipe"
assert_match $'\033\\[32m\\+four' "$(script -qec "THULE_PAGER=cat $THULE show op:$last" /dev/null)" "colour"

# A large file is said to differ, and not read.
truncate -s 17M large
assert_match 'Files /dev/null and b/large, whose bytes are more than 16 MiB, differ$' "$("$THULE" log -p large)" "a large file"
rm large

mkdir "$CASE_DIR/bin"
assert_fails 'install the package diffutils' env PATH="$CASE_DIR/bin" "$THULE" show "op:$last"

"$THULE" prune --before "op:$last" >/dev/null
assert_match 'What files were before this was pruned' "$("$THULE" log -p file)" "pruned"
assert_match '[+]a' "$("$THULE" log -p escapes 2>/dev/null)" "what came later is kept"
