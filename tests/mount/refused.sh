#!/usr/bin/env bash
# What the database refuses for what it is, as a constraint or a trigger that somebody added: nothing more is acknowledged,
# fsync fails each time, reading goes on, and `thule status` and `thule journal show` say what waits and why, of a mount
# and of the file of one that has ended. Once the database takes it, nothing that was acknowledged is missing, each op once.
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need jq

says() { # REGEX COMMAND...
	local pattern=$1 said
	shift
	said=$("$@" 2>&1) || true
	grep -qE -- "$pattern" <<<"$said"
}
refuses_changes() {
	! touch "$MNT/probe" 2>/dev/null
}
takes_changes() {
	touch "$MNT/probe" 2>/dev/null
}
in_log_once() { # NAME
	assert_eq 1 "$(sql "select count(*) from thule.op where kind = 1 and name = '$1'")" "creates of $1 in the log"
}
show() {
	"$THULE" journal show "$@"
}
# What it does is acknowledged before the database can refuse any of it.
while_it_waits() { # COMMAND...
	local locker status=0
	mkfifo "$CASE_DIR/commands"
	sql '' <"$CASE_DIR/commands" -f - >"$CASE_DIR/locked" &
	locker=$!
	exec 3>"$CASE_DIR/commands"
	echo "begin; lock table thule.op in share mode; select 'held';" >&3
	wait_until 60 grep -q held "$CASE_DIR/locked" || fail "no lock"
	"$@" || status=$?
	exec 3>&-
	wait "$locker"
	rm "$CASE_DIR/commands"
	return "$status"
}
write_x() {
	echo x >"$MNT/x"
}

echo before >"$MNT/before"
sync_fs

echo "== a trigger"
sql "create function public.refuse() returns trigger language plpgsql as
		\$\$ begin raise exception 'not today' using hint = 'Come back tomorrow.'; end \$\$;
	create trigger refuse before insert on thule.op for each statement execute function public.refuse()"
# A process that the database does not know: the journal has who it was.
# shellcheck disable=SC2016 # expanded by the inner shell
while_it_waits sh -c 'echo $$ && echo kept >"$1"' sh "$MNT/kept" >"$CASE_DIR/maker"
maker=$(<"$CASE_DIR/maker")
wait_until 60 refuses_changes || fail "changes are acknowledged that the database refuses"
assert_fails 'input/output error' bash -c "echo more >>'$MNT/before'"
assert_fails 'input/output error' rm "$MNT/before"
assert_fails 'input/output error' sync "$MNT/kept"
assert_fails 'input/output error' sync "$MNT/kept"
assert_eq kept "$(<"$MNT/kept")" "what is refused"
assert_eq before "$(<"$MNT/before")" "what was there before"
status=$("$THULE" status "$MNT" 2>&1) || true
assert_match 'refused +since .*not today\. Come back tomorrow\. \(SQLSTATE P0001\).*drop it' "$status" "thule status"
"$THULE" status "$MNT" --json >"$CASE_DIR/status.json" || true
assert_eq P0001 "$(jq -r '.. | .refused? // empty | .sqlstate' "$CASE_DIR/status.json" | head -n 1)" "thule status --json"
shown=$(show "$MNT")
assert_match 'refused since .*not today.*SQLSTATE P0001' "$shown" "thule journal show of the mount"
assert_match "create +inode [0-9]+  /kept.*  by sh\\[$maker\\] of uid $(id -u)" "$shown" "the op that made the file"
assert_match 'write +inode [0-9]+  /kept  at 0, 5 bytes' "$shown" "the op that wrote it"
show "$MNT" --json >"$CASE_DIR/shown.json"
assert_eq "kept create $maker sh" "$(jq -r '.ops[] | select(.kind == "create" and .name == "kept") | "\(.name) \(.kind) \(.actor.pid) \(.actor.program)"' \
	"$CASE_DIR/shown.json")" "the op as JSON"
assert_eq "P0001 null" "$(jq -r '"\(.refused.sqlstate) \(.damaged)"' "$CASE_DIR/shown.json")" "why, as JSON"
op=$(sed -nE 's/^(op:[0-9]+) .* write .*/\1/p' <<<"$shown")
assert_eq kept "$(show "$MNT" "$op")" "the bytes that $op wrote"
if [[ $(id -u) == 0 ]]; then
	# Somebody else sees neither the mount's journal nor its file.
	assert_fails 'cannot be seen' setpriv --reuid 65534 --regid 65534 --clear-groups "$THULE" journal show "$MNT"
	file=$(jq -r .file "$CASE_DIR/shown.json")
	assert_fails 'permission denied' setpriv --reuid 65534 --regid 65534 --clear-groups "$THULE" journal show "$file"
fi
sql 'drop trigger refuse on thule.op'
wait_until 60 takes_changes || fail "changes are refused after the trigger has gone"
sync_fs
in_log_once kept
says '^ *refused +since' "$THULE" status "$MNT" && fail "thule status still says that it is refused"

echo "== a constraint, and an unmount meanwhile"
sql "alter table thule.dirent add constraint no_x check (name <> 'x')"
while_it_waits write_x
wait_until 60 refuses_changes || fail "changes are acknowledged that a constraint refuses"
show "$MNT" --json >"$CASE_DIR/shown.json"
assert_eq 23514 "$(jq -r .refused.sqlstate "$CASE_DIR/shown.json")" "the SQLSTATE of a constraint"
file=$(jq -r .file "$CASE_DIR/shown.json")
ops=$(jq -c '[.ops[].op]' "$CASE_DIR/shown.json")
assert_fails "$file" "$THULE" umount "$MNT"
wait_daemon_gone
assert_eq 1 "$(<"$CASE_DIR/daemon.status")" "exit status of the daemon"
show "$file" --json >"$CASE_DIR/left.json"
assert_eq "$ops" "$(jq -c '[.ops[].op]' "$CASE_DIR/left.json")" "ops that are left"
assert_eq 23514 "$(jq -r .refused.sqlstate "$CASE_DIR/left.json")" "why they are left"
assert_match "refused since" "$("$THULE" journal list)" "thule journal list"
assert_eq "$file" "$(show "$THULE_SOURCE" --json | jq -r .file)" "the journal of the database"
# The next mount cannot bring it there either, and says why.
assert_fails 'no_x' "$THULEFS" "$THULE_SOURCE" "$MNT" -f
assert_eq "$ops" "$(show "$file" --json | jq -c '[.ops[].op]')" "ops that are left after a mount that failed"

echo "== the file of a journal that is damaged"
cp "$file" "$CASE_DIR/damaged"
# The number of changes of its second op. Access times have records, too.
at=$((4096 + $(od -An -tu8 -j 40 -N 8 "$file")))
second=$(jq '.[1]' <<<"$ops")
while (($(od -An -tu8 -j $((at + 8)) -N 8 "$file") < second)); do
	at=$((at + $(od -An -tu4 -j "$at" -N 4 "$file")))
done
printf '\xff\xff' | dd of="$CASE_DIR/damaged" bs=1 seek=$((at + 84)) conv=notrunc status=none
status=0
show "$CASE_DIR/damaged" >"$CASE_DIR/said" 2>"$CASE_DIR/why" || status=$?
[[ $status == 1 ]] || fail "thule journal show of a damaged file exits with $status"
assert_match 'damaged' "$(<"$CASE_DIR/why")" "what is said of a damaged file"
assert_eq "$(jq '.[0]' <<<"$ops")" "$(sed -nE 's/^op:([0-9]+) .*/\1/p' "$CASE_DIR/said")" "ops before the damage"
show "$CASE_DIR/damaged" --json >"$CASE_DIR/said.json" 2>/dev/null && fail "--json of a damaged file succeeds"
assert_match 'damaged' "$(jq -r .damaged "$CASE_DIR/said.json")" "--json of a damaged file"
dd if=/dev/zero of="$CASE_DIR/damaged" bs=8 seek=2 count=1 conv=notrunc status=none
assert_fails 'damaged' show "$CASE_DIR/damaged"
assert_fails 'not a journal' show /etc/passwd
assert_fails 'there is no journal' show "$CASE_DIR/nothing"
assert_fails 'op:17' show "$file" 17
assert_fails 'give one of them' show "$file" op:17 --json

echo "== the database takes it"
sql 'alter table thule.dirent drop constraint no_x'
mount_fs
assert_eq x "$(<"$MNT/x")" "what was refused"
sync_fs
in_log_once x
assert_eq "" "$(sql 'select * from thule.fsck')" "fsck"

echo "== a close of which the kernel tells"
umount_fs
THULE_TEST_OPTIONS=locks=cluster
mount_fs
cat >"$CASE_DIR/closer" <<'END'
import errno, os, sys, time
mnt = sys.argv[1]
fd = os.open(f"{mnt}/before", os.O_WRONLY | os.O_APPEND)
print("ready", flush=True)
sys.stdin.readline()
os.write(fd, b"more\n")
for i in range(6000):
    try:
        os.mkdir(f"{mnt}/dir-{i}")
    except OSError as e:
        assert e.errno == errno.EIO, e
        break
    time.sleep(0.01)
try:
    os.close(fd)
except OSError as e:
    sys.exit(0 if e.errno == errno.EIO else 2)
sys.exit(1)
END
coproc python3 "$CASE_DIR/closer" "$MNT"
closer=$COPROC_PID
read -r -u "${COPROC[0]}"
sync_fs
sql "create trigger refuse before insert on thule.op for each statement execute function public.refuse()"
echo >&"${COPROC[1]}"
wait "$closer" || fail "a close after a write that was refused gives no EIO: status $?"
sql 'drop trigger refuse on thule.op'
sync_fs
assert_eq $'before\nmore' "$(<"$MNT/before")" "what was written before the close"
