#!/usr/bin/env bash
# What somebody does who has nothing but the programs: thule mount DIR, work, status, log, fsck, sql, umount; and
# again the next day.
# db: private
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

json() { # EXPRESSION: of the document on stdin, as d
	python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"
}

"$THULE" mount "$MNT" >"$CASE_DIR/out" 2>&1 || fail "thule mount: $(<"$CASE_DIR/out")"
grep -q "$THULE_HOME" "$CASE_DIR/out" || fail "thule mount does not say where the data is: $(<"$CASE_DIR/out")"
is_mounted || fail "not mounted"
data=$(private_data)
[[ -n $data ]] || fail "no data below THULE_HOME"
if [[ $(id -u) == 0 ]]; then
	[[ $(stat -c %u "$data") != 0 ]] || fail "the private server runs as root"
fi
assert_eq 700 "$(stat -c %a "$data")" "mode of the data folder"
assert_eq "" "$(sql 'show listen_addresses')" "addresses that the private server listens on"
[[ $(grep -cE '^host.*trust|^local.*trust' "$data/pg_hba.conf") == 0 ]] || fail "the private server trusts anybody"

echo 'first line' >"$MNT/notes"
mkdir "$MNT/d"
mv "$MNT/notes" "$MNT/d/notes"
sync_fs
"$THULE" status "$MNT" | grep -q "$MNT" || fail "status does not name the mount"
"$THULE" status "$MNT" --json >"$CASE_DIR/status"
json 'd' <"$CASE_DIR/status" >/dev/null || fail "status --json is no JSON: $(<"$CASE_DIR/status")"
"$THULE" log "$MNT/d/notes" | grep -q rename || fail "log of a file does not show its rename: $("$THULE" log "$MNT/d/notes")"
"$THULE" log --json -n 3 >"$CASE_DIR/log"
json 'd' <"$CASE_DIR/log" >/dev/null || fail "log --json is no JSON: $(<"$CASE_DIR/log")"
"$THULE" fsck >/dev/null || fail "fsck"
assert_eq "[]" "$("$THULE" fsck --json | json 'd if isinstance(d, list) else d.get("violations", d)')" "fsck --json"
assert_eq 3 "$(sql "select count(*) from thule.file where path in ('/', '/d', '/d/notes')")" "paths"

pid=$(sql 'select pid from thule.mount where ended_at is null')
"$THULE" umount "$MNT"
is_mounted && fail "still mounted after thule umount"
process_gone "$pid" || fail "the daemon is there after thule umount"
assert_fails 'not mounted|no thulefs|nothing|not a mount' "$THULE" umount "$MNT"

"$THULE" mount "$MNT" >/dev/null
assert_eq 'first line' "$(<"$MNT/d/notes")" "content the next day"
# The server may be down, after a boot.
"$THULE" umount "$MNT"
stop_db
"$THULE" mount "$MNT" >/dev/null
assert_eq 'first line' "$(<"$MNT/d/notes")" "content after a boot"
"$THULE" umount "$MNT"
"$THULE" fsck >/dev/null || fail "fsck at the end"
