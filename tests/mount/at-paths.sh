#!/usr/bin/env bash
# Each command that takes a path takes one under .thule/at/T, too, and means what it was then; where it is about what is there now, it says
# so. Modes are octal in JSON; cat of symbolic links.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

mkdir "$MNT/dir" "$MNT/dir/sub"
echo one >"$MNT/dir/file"
ln -s file "$MNT/dir/link"
chmod 640 "$MNT/dir/file"
then=$(op)
at=$MNT/.thule/at/op:$then
rm "$MNT/dir/file"
echo two and more >"$MNT/dir/file"
mv "$MNT/dir" "$MNT/moved"
echo now >"$MNT/moved/new"

assert_eq one "$("$THULE" cat "$at/dir/file")" "cat"
assert_eq one "$("$THULE" cat "$at/dir/link")" "cat of a link"
assert_eq file "$("$THULE" cat --link "$at/dir/link")" "cat --link"
assert_eq $'file\nlink\nsub' "$("$THULE" ls --json "$at/dir/" | jq -r '.[].name')" "ls"
assert_eq '"0640" 4' "$("$THULE" stat --json "$at/dir/file" | jq -c '.mode, .size' | paste -sd' ')" "stat, a mode in JSON"
assert_eq '"0640"' "$("$THULE" ls --json "$at/dir/file" | jq '.[0].mode')" "ls, a mode in JSON"
assert_match 'mode  0640' "$("$THULE" stat "$at/dir/file")" "stat for people"
assert_eq $'./\n./file\n./link\n./sub/' "$("$THULE" tar "$at/dir" | tar -t | sort)" "tar"
assert_eq 'one' "$("$THULE" blame --json "$at/dir/file" | jq -r '.lines[0].text')" "blame"
assert_eq 'chmod,write,create' "$("$THULE" log --json "$at/dir/file" | jq -r '[.[].kind] | join(",")')" "log"
assert_match '\+one' "$("$THULE" log --patch "$at/dir/file")" "log --patch"
assert_eq '/dir/file' "$("$THULE" diff "op:$((then - 1))" "op:$then" "$at/dir/file" --json | jq -r '.[].path')" "diff"
assert_eq "$("$THULE" ls --json /)" "$("$THULE" ls --json "$MNT/.thule/at/now")" "the root"

# However it is typed, and by the daemon's zone where it is a time.
cd "$MNT/moved"
assert_eq one "$("$THULE" cat ".././.thule//at/op:$then/dir/./file")" "from below"
cd "$at/dir"
assert_eq one "$("$THULE" cat file)" "from there"
assert_eq one "$(cd sub && "$THULE" cat ../link)" "from below there"
cd "$MNT"
now=$(date '+%F %T')
assert_eq "$(cat ".thule/at/$now/moved/file")" "$(TZ=Pacific/Kiritimati "$THULE" cat ".thule/at/$now/moved/file")" "a time"
"$THULE" snapshot create named >/dev/null
assert_eq now "$("$THULE" cat .thule/at/named/moved/new)" "a snapshot"

assert_match 'op' "$("$THULE" restore "$at/dir/file" --to "$MNT/copy")" "restore"
assert_eq one "$(cat "$MNT/copy")" "what was restored"

# No path of the past, and one too many instants.
assert_fails 'leave out the other instant' "$THULE" cat "$at/dir/file" --at now
assert_fails 'leave out the other instant' "$THULE" log "$at/dir/file" --until now
assert_fails 'several instants' "$THULE" log "$at/dir/file" "$MNT/moved"
assert_fails 'no /dir/nothing at op' "$THULE" cat "$at/dir/nothing"
assert_fails 'is not an instant' "$THULE" ls "$MNT/.thule/at/whenever"
for command in 'erase --yes' hold 'prune --keep 1d' 'log --follow' 'quota set --files 5'; do
	# shellcheck disable=SC2086 # words
	assert_fails 'is about what is there now' "$THULE" $command "$at/dir"
done

ln -s nowhere dangling
assert_fails 'is no /nowhere: /dangling leads there' "$THULE" cat dangling
assert_eq nowhere "$("$THULE" cat --link dangling)" "a link that leads nowhere"
assert_fails 'no symbolic link' "$THULE" cat --link copy

# Where the past is off, .thule is a name like any other.
cd /
umount_fs
THULE_TEST_OPTIONS=nomagic mount_fs
mkdir -p "$MNT/.thule/at/now"
echo mine >"$MNT/.thule/at/now/file"
assert_eq mine "$("$THULE" cat "$MNT/.thule/at/now/file")" "a file of that name"
