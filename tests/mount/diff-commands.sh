#!/usr/bin/env bash
# thule diff and blame: what is printed, of a path, by whom; and what is refused.
# options: allow_other
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

columns() { # FROM TO [PATH]: change, what, path
	"$THULE" diff "$@" --json | jq -r '.[] | "\(.change) \(.what // [] | join(",")) \(.old_path // "") \(.path)"'
}

status_of() { # COMMAND...
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

mkdir -p "$MNT/a/sub" "$MNT/b"
for name in content mode gone moved; do
	echo "$name" >"$MNT/a/$name"
done
echo inside >"$MNT/a/sub/inside"
before=op:$(op)
echo more >>"$MNT/a/content"
chmod 600 "$MNT/a/mode"
rm "$MNT/a/gone"
mv "$MNT/a/moved" "$MNT/b/here"
mv "$MNT/a/sub" "$MNT/b/sub"
echo new >"$MNT/b/new"
echo short >"$MNT/b/lived"
rm "$MNT/b/lived"
touch "$MNT/a"
after=op:$(op)

assert_eq 'modified mtime  /a
modified content,mtime  /a/content
removed   /a/gone
modified mode  /a/mode
renamed  /a/moved /b/here
added   /b/new
renamed  /a/sub /b/sub' "$(columns "$before" "$after")" "all of it"
assert_eq 'renamed  /a/moved /b/here
added   /b/new
renamed  /a/sub /b/sub' "$(columns "$before" "$after" "$MNT/b")" "of a directory"
assert_eq 'renamed  /a/sub /b/sub' "$(columns "$before" "$after" /a/sub/inside)" "of a file whose directory was renamed"
assert_eq '' "$(columns "$after" "$after")" "with itself"
assert_match 'modified +content,mtime +[a-z0-9]+ +[0-9]+ +/.* /a/content' "$("$THULE" diff "$before" "$after")" "table"
assert_match 'modified +1 +8 +13 +[a-z0-9]+ +/[^ ]*/bash' "$("$THULE" diff "$before" "$after" --stat)" "--stat"
assert_match $'\033\\[32madded' "$(script -qec "THULE_PAGER=cat $THULE diff $before $after" /dev/null)" "colour"
assert_match '^[^[:cntrl:]]*added' \
	"$(NO_COLOR=1 script -qec "THULE_PAGER=cat $THULE diff $before $after /b/new" /dev/null | tail -n 1)" "no colour"
assert_match 'PAGED.*added' \
	"$(script -qec "THULE_PAGER='sed s/^/PAGED/' $THULE diff $before $after" /dev/null | tr -d '\n')" "pager"

# A file written where another was, and one put in its place.
echo one >"$MNT/b/new2"
mv "$MNT/b/new2" "$MNT/b/new"
assert_eq 'replaced   /b/new' "$(columns "$after" now)" "replaced"

"$THULE" diff "$after" "$before" >/dev/null || fail "the later instant first"
assert_fails 'no /nothing, neither at' "$THULE" diff "$before" "$after" /nothing
assert_fails 'not an instant' "$THULE" diff "$before" whenever
assert_fails 'in the future' "$THULE" diff "$before" 2999-01-01
assert_eq 2 "$(status_of "$THULE" diff "$before")" "exit status: one instant"

# Who wrote which line, and which bytes.
# In one write: the shell would make three.
printf 'one\ntwo\nthree\n' >"$CASE_DIR/text"
cat "$CASE_DIR/text" >"$MNT/text"
sync_fs
chmod 666 "$MNT/text"
if [[ $(id -u) == 0 ]]; then
	as_user 65534 dd of="$MNT/text" conv=notrunc bs=3 seek=4 oflag=seek_bytes count=1 status=none <<<TWO
else
	dd of="$MNT/text" conv=notrunc bs=3 seek=4 oflag=seek_bytes count=1 status=none <<<TWO
fi
last=$(op)
blame=$("$THULE" blame "$MNT/text" --json)
first=$(jq -r '.lines[0].op' <<<"$blame")
((first < last)) || fail "the first line is of op $first, the second of $last"
assert_eq "$first one,$last TWO,$first three" "$(jq -r '[.lines[] | "\(.op) \(.text)"] | join(",")' <<<"$blame")" "lines"
assert_eq "0 4 7" "$(jq -r '[.ranges[].off | tostring] | join(" ")' <<<"$blame")" "ranges"
assert_match "^$first .* 1  one
$last .*/dd +2  TWO
$first .* 3  three\$" "$("$THULE" blame "$MNT/text")" "lines for people"
assert_match "off +len +op .*cmdline
0 +4 .*
4 +3 +$last .* dd .*seek=4" "$("$THULE" blame "$MNT/text" --bytes)" "ranges for people"
printf 'a\0b' >"$MNT/binary"
assert_eq null "$("$THULE" blame "$MNT/binary" --json | jq -r .lines)" "no lines of what is no text"
assert_match '^off' "$("$THULE" blame "$MNT/binary")" "ranges of what is no text"
printf 'no newline' >"$MNT/end"
assert_match '1  no newline$' "$("$THULE" blame "$MNT/end")" "a last line without newline"
assert_fails 'is a directory' "$THULE" blame "$MNT/a"
assert_fails 'is no /nothing' "$THULE" blame /nothing
# What a file says does not reach the terminal as a command, in one byte or in two (C1).
printf 'a\033[31mb\302\233mc\302\240d\n' >"$MNT/escapes"
assert_eq "a\\x1b[31mb\\xc2\\x9bmc"$'\302\240'd "$("$THULE" blame "$MNT/escapes" | sed 's/.* 1  //')" "control characters in a line"
