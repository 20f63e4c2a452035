#!/usr/bin/env bash
# thule ls, cat, stat and tar read the past: what changed, what was renamed, what is gone; and refuse what is none.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

status_of() { # COMMAND...
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

mkdir -p "$MNT/dir/sub"
echo one >"$MNT/dir/file"
ln -s file "$MNT/dir/link"
touch -d '2001-02-03 04:05:06.123456789' "$MNT/dir/sub"
before=op:$(op)
echo two >"$MNT/dir/file"
chmod 600 "$MNT/dir/file"
mv "$MNT/dir/file" "$MNT/dir/other"
after=op:$(op)
rm -r "$MNT/dir"

assert_eq one "$("$THULE" cat "$MNT/dir/file" --at "$before")" "cat before"
assert_eq two "$("$THULE" cat /dir/other --at "$after")" "cat after, by its path in the filesystem"
assert_eq $'file\nlink\nsub' "$("$THULE" ls /dir --at "$before" --json | jq -r '.[].name')" "names before"
assert_eq $'link\nother\nsub' "$("$THULE" ls "$MNT/dir" --at "$after" --json | jq -r '.[].name')" "names after"
assert_match '^-rw-r--r-- 1 .* 4 .* file
lrwxrwxrwx 1 .* 4 .* link -> file
drwxr-xr-x 2 .* 4096 2001-02-03 .* sub$' "$("$THULE" ls /dir --at "$before")" "ls before"
assert_match '^-rw------- 1 [^/]* other$' "$("$THULE" ls /dir/other --at "$after")" "ls of a file"
assert_eq "0600 4" "$("$THULE" stat /dir/other --at "$after" --json | jq -r '"\(.mode) \(.size)"')" "stat as JSON"
assert_match 'mode  0644.*until  .*\(op [0-9]+\)' "$("$THULE" stat /dir/file --at "$before" | tr '\n' ' ')" "stat"
assert_eq $'./\n./file\n./link\n./sub/' "$("$THULE" tar /dir --at "$before" | tar -t | sort)" "names in the archive"
assert_eq one "$("$THULE" tar /dir/file --at "$before" | tar -xO file)" "an archive of one file"
mkdir "$CASE_DIR/copy"
"$THULE" tar "$MNT/dir" --at "$before" | tar -xp -C "$CASE_DIR/copy"
assert_eq '2001-02-03 04:05:06.123456789' "$(stat -c %y "$CASE_DIR/copy/sub" | cut -c 1-29)" "time of a directory"

# Large, with a hole: page by page.
head -c 3000000 /dev/urandom >"$CASE_DIR/large"
truncate -s 5000000 "$CASE_DIR/large"
cp "$CASE_DIR/large" "$MNT/large"
large=op:$(op)
: >"$MNT/large"
"$THULE" cat "$MNT/large" --at "$large" | cmp - "$CASE_DIR/large" || fail "cat of a large file"
"$THULE" tar "$MNT/large" --at "$large" | tar -xO large | cmp - "$CASE_DIR/large" || fail "tar of a large file"

# The present, also when it is not committed yet.
echo now >"$MNT/present"
assert_eq now "$("$THULE" cat "$MNT/present")" "cat without --at"

assert_fails 'no /nothing' "$THULE" ls /nothing --at "$before"
assert_fails 'was no /present at' "$THULE" cat /present --at "$before"
assert_fails 'is a directory' "$THULE" cat /dir --at "$before"
assert_eq one "$("$THULE" cat /dir/link --at "$before")" "cat follows a symbolic link, by the names of then"
assert_fails 'before the beginning' "$THULE" ls / --at '2001-01-01'
"$THULE" snapshot create before-all >/dev/null
sql "update thule.superblock set pruned_op = ${after#op:}, pruned_before = now()"
assert_fails 'was pruned.*kept from.*op:' "$THULE" ls / --at "$before"
assert_eq now "$("$THULE" cat "$MNT/present" --at before-all)" "cat as of a snapshot"
sql 'update thule.superblock set pruned_op = (select max(op) + 1 from thule.op)'
assert_eq now "$("$THULE" cat "$MNT/present" --at before-all)" "cat as of a snapshot, which pruning keeps"
sql 'update thule.superblock set pruned_op = 0, pruned_before = null'
assert_fails 'in the future' "$THULE" ls / --at '2999-01-01'
assert_fails 'not an instant.*op:N' "$THULE" ls / --at 'when pigs fly'
assert_fails 'no op 999999' "$THULE" ls / --at op:999999
assert_eq 1 "$(status_of "$THULE" ls / --at '2999-01-01')" "exit status: the future"
assert_eq 2 "$(status_of "$THULE" ls / --at 'when pigs fly')" "exit status: no instant"
assert_eq 2 "$(status_of "$THULE" cat)" "exit status: no path"
assert_eq 2 "$(status_of script -qec "$THULE tar / --at $before" /dev/null)" "exit status: tar on a terminal"
