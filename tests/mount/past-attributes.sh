#!/usr/bin/env bash
# Extended attributes, access lists and flags as of then: stat, tar (against what GNU tar makes of the mount), restore, and
# their names in the log.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

op() { # the last op
	sync_fs
	sql 'select max(op) from thule.op'
}

unpack() { # DIR <ARCHIVE
	mkdir "$1"
	tar -xp --xattrs '--xattrs-include=*' --acls -C "$1"
}

describe() { # DIR
	"$LIB/manifest" "$1"
}

stat_json() { # FILTER PATH INSTANT
	"$THULE" stat "$2" --at "$3" --json | jq -r "$1"
}

LIB=$(dirname "$(readlink -f "$0")")/../lib
mkdir -p "$MNT/t/dir"
cd "$MNT/t"
echo content >file
setfattr -n user.text -v one file
setfattr -n user.bytes -v 0x000a3d25 file
setfattr -n user.empty file
setfattr -n user.large -v "$(printf '%03000d' 7)" file
setfattr -n 'user.p%3D=q' -v percent file
setfattr -n trusted.t -v root file
setfacl -m u:1000:rw,g:1001:r,m::rw file
ln file hard
ln -s file link
setfattr -h -n trusted.l -v 'of the link' link
setfacl -m u:7:rwx,d:u:8:r-x dir
: >masked
setfacl -m u:1000:--- masked
chmod 640 masked
chattr +d masked
: >plain
cd /
then=op:$(op)
expected=$(describe "$MNT/t")

assert_eq 'user::rw-,user:1000:rw-,group::r--,group:1001:r--,mask::rw-,other::r--' \
	"$(stat_json .acl /t/file "$then")" "an access list in JSON"
assert_eq 'null none user::rwx,user:8:r-x,group::r-x,mask::r-x,other::r-x' \
	"$(stat_json '"\(.target) \(.flags) \(.default_acl)"' /t/dir "$then")" "a default list in JSON"
assert_eq 'one \x00\x0a=% 3000 percent' "$(stat_json \
	'.xattrs | "\(."user.text") \(."user.bytes") \(."user.large" | length) \(."user.p%3D=q")"' /t/file "$then")" "in JSON"
assert_eq '{}' "$(stat_json .xattrs /t/plain "$then")" "of what has none"
assert_eq nodump "$(stat_json .flags /t/masked "$then")" "flags in JSON"
shown=$("$THULE" stat /t/file --at "$then")
assert_match '     acl  user::rw-,user:1000:rw-' "$shown" "stat"
assert_match '   xattr  user.text=one' "$shown" "stat"
assert_match '   xattr  user.large=0{200}\.\.\. \(3000 bytes\)' "$shown" "stat of a large value"
assert_match '   flags  nodump' "$("$THULE" stat /t/masked --at "$then")" "stat of flags"

# An archive of ours unpacks as one that GNU tar makes of the mount, and as what there was.
"$THULE" tar /t --at "$then" >"$CASE_DIR/ours.tar"
tar -c --xattrs '--xattrs-include=*' --acls -C "$MNT/t" . >"$CASE_DIR/theirs.tar"
unpack "$CASE_DIR/ours" <"$CASE_DIR/ours.tar" 2>"$CASE_DIR/said"
assert_eq '' "$(<"$CASE_DIR/said")" "what tar has to say"
unpack "$CASE_DIR/theirs" <"$CASE_DIR/theirs.tar"
assert_eq "$(describe "$CASE_DIR/theirs" | grep -v "'\.'")" "$(describe "$CASE_DIR/ours" | grep -v "'\.'")" "unpacked"
assert_eq "$expected" "$(describe "$CASE_DIR/ours")" "the tree of then"

# Then all of it changes or goes; the past, and what is restored of it, does not.
rm "$MNT/t/hard"
setfattr -n user.text -v two "$MNT/t/file"
setfattr -n user.more -v more "$MNT/t/file"
setfattr -x user.empty "$MNT/t/file"
setfacl -b "$MNT/t/file" "$MNT/t/dir"
chmod 600 "$MNT/t/masked"
chattr -d "$MNT/t/masked"
rm "$MNT/t/link"
past=$MNT/.thule/at/$then/t
assert_match '^-+d-+ ' "$(lsattr "$past/masked")" "flags of then"
assert_match '^-+ ' "$(lsattr -d "$past/dir")" "flags of a directory of then"
assert_match '^-+ ' "$(lsattr "$MNT/t/masked")" "flags of now"
assert_fails 'Read-only file system' chattr +i "$past/masked"
assert_eq "one null" "$(stat_json '.xattrs | "\(."user.text") \(."user.more")"' /t/file "$then")" "then"
assert_eq "two more null" "$("$THULE" stat "$MNT/t/file" --json |
	jq -r '.xattrs | "\(."user.text") \(."user.more") \(."user.empty")"')" "now"
mkdir "$CASE_DIR/later"
"$THULE" tar /t --at "$then" | tar -xp --xattrs '--xattrs-include=*' --acls -C "$CASE_DIR/later"
assert_eq "$expected" "$(describe "$CASE_DIR/later")" "the tree of then, unpacked later"
"$THULE" restore /t --at "$then" --to /copy >/dev/null
assert_eq "$expected" "$(describe "$MNT/copy")" "a copy"
assert_match '^-+d-+ ' "$(lsattr "$MNT/copy/masked")" "flags of a copy"
"$THULE" restore /t --at "$then" >/dev/null
assert_eq "$expected" "$(describe "$MNT/t")" "restored in place"
assert_match '^-+d-+ ' "$(lsattr "$MNT/t/masked")" "flags restored in place"
remount_fs
assert_eq "$expected" "$(describe "$MNT/t")" "after a remount"

# The log has their names.
log=$("$THULE" log "$MNT/t/file" --kind setxattr)
assert_match 'setxattr +/t/file \[user\.more\]' "$log" "log"
assert_eq user.more "$("$THULE" log "$MNT/t/file" --kind setxattr --user "$(id -un)" --exe setfattr -n 1 --json |
	jq -r '.[0].xattr')" "log as JSON"
assert_eq null "$("$THULE" log "$MNT/t" --kind mkdir --json | jq -r '.[0].xattr')" "of other kinds as JSON"
