#!/usr/bin/env bash
# `thule status` answers whatever the server does: of one that stands still it says so, and what the host knows of the mount.
# What needs no server does not wait for it.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

stopped=()

# All processes of the private server, the first one first: it would start others in place of those that are gone.
stop_server() {
	local postmaster child
	postmaster=$(head -n 1 "$(private_data)/postmaster.pid")
	stop_process "$postmaster"
	stopped=("$postmaster")
	for child in $(<"/proc/$postmaster/task/$postmaster/children"); do
		stop_process "$child"
		stopped+=("$child")
	done
}

go_on() {
	[[ ${#stopped[@]} == 0 ]] || kill -CONT "${stopped[@]}"
	stopped=()
}
trap go_on EXIT

status() { # EXPECTED-EXIT-STATUS [ARGUMENT...]
	local want=$1 code=0
	shift
	timeout 120 "$THULE" status "$@" >"$CASE_DIR/out" || code=$?
	assert_eq "$want" "$code" "exit status of thule status $*, which said $(<"$CASE_DIR/out")"
}

json() { # PYTHON-EXPRESSION of the object s
	python3 -c 'import json, sys; s = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$CASE_DIR/out" "$1"
}

mkdir "$MNT/dir"
echo before >"$MNT/dir/file"
sync_fs
status 0 "$MNT"
status 0 "$MNT" --json
assert_eq "True None" "$(json 's["filesystem"]["journal"]["ops"] >= 0, s["error"]' | tr -d '(),')" "of a server that answers"
assert_eq "$(daemon_pid)" "$(json 's["pid"]')" "the daemon's pid"

stop_server
echo after >"$MNT/dir/file"
cd "$MNT/dir"
for where in "$MNT/dir/file" . ''; do
	status 1 ${where:+"$where"}
	assert_match "$MNT" "$(<"$CASE_DIR/out")" "the mount"
	assert_match 'does not answer within' "$(<"$CASE_DIR/out")" "the problem"
	assert_match "pid $(daemon_pid)" "$(<"$CASE_DIR/out")" "the daemon"
	assert_match 'op:[0-9]+ acknowledged' "$(<"$CASE_DIR/out")" "the journal"
done
cd "$CASE_DIR"
status 1 "$MNT" --json
assert_match 'does not answer within' "$(json 's["error"]')" "the problem, in JSON"
assert_eq "None $(daemon_pid) True" "$(json '(s["filesystem"], s["pid"], s["journal"]["acknowledged"] > s["journal"]["on_disk"])' |
	tr -d '(),')" "the rest, in JSON"
status 1 --json
assert_eq "1 None" "$(json '(len([m for m in s["mounts"] if m["mountpoint"] == "'"$MNT"'"]),
	[m for m in s["mounts"] if m["mountpoint"] == "'"$MNT"'"][0]["filesystem"])' | tr -d '(),')" "all of them, in JSON"

# What needs no server.
timeout 120 "$THULE" version >/dev/null || fail "thule version"
timeout 120 "$THULE" --help >/dev/null || fail "thule --help"
timeout 120 "$THULE" log --help >/dev/null || fail "thule log --help"
timeout 120 "$THULE" umount -l "$MNT" || fail "thule umount -l"
go_on
wait_daemon_gone
mount_fs
assert_eq after "$(<"$MNT/dir/file")" "what was written while the server stood still"
status 0 "$MNT"
