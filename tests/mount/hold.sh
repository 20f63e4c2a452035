#!/usr/bin/env bash
# What is held keeps its past through prune, from the command's side.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

status_of() { # COMMAND...
	local status=0
	"$@" >/dev/null 2>&1 || status=$?
	echo $status
}

versions() { # FILE: of the past
	local ino
	ino=$(stat -c %i "$1")
	sql "select (select count(*) from thule.extent_history where ino = $ino)
		|| ' and ' || (select count(*) from thule.xattr_history where ino = $ino)"
}

cd "$MNT"
mkdir case
for file in case/evidence other; do
	for i in 1 2 3; do
		echo "version $i" >$file
		setfattr -n user.version -v $i $file
	done
done
touch "$(printf 'odd\n\377name')"
sync_fs
before=$(versions case/evidence)
assert_eq "2 and 2" "$before" "versions of bytes and attributes"
"$THULE" hold case --reason 'case 17'
"$THULE" hold "$(printf 'odd\n\377name')"
assert_match "$(id -un) +/case +/case +case 17" "$("$THULE" hold --list)" "list"
assert_eq '/case /odd\x0a\xffname' "$("$THULE" hold --list --json |
	python3 -c 'import json, sys; print(*[h["path"] for h in json.load(sys.stdin)])')" "list in JSON"
mv case closed
"$THULE" prune --keep 0s >"$CASE_DIR/out"
assert_eq "0 and 0" "$(versions other)" "versions of what is not held"
assert_eq "$before" "$(versions closed/evidence)" "versions of what is held"

assert_eq 2 "$(status_of "$THULE" hold closed)" "held twice"
assert_eq 1 "$(status_of "$THULE" hold never)" "no such file"
assert_eq 1 "$(status_of "$THULE" hold --release other)" "releasing what is not held"
assert_eq 2 "$(status_of "$THULE" hold)" "no path"
assert_eq 2 "$(status_of "$THULE" hold --list other)" "a path with --list"
"$THULE" hold --release closed
"$THULE" hold --release "$(printf 'odd\n\377name')"
"$THULE" prune --keep 0s >"$CASE_DIR/out"
assert_eq "0 and 0" "$(versions closed/evidence)" "versions of what was released"
assert_eq 'version 3' "$(<closed/evidence)" "its content"
cd /
