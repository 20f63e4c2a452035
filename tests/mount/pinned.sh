#!/usr/bin/env bash
# A mount that another mount namespace keeps: who mounts again is told at once by which process. And who waits for a mount
# and is killed does not get one later.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
unshare --mount true 2>/dev/null || skip "no mount namespace can be made here, as in a chroot"

pids=()
# shellcheck disable=SC2317 # called by trap
clean_up() {
	((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
	umount -l "$MNT" 2>/dev/null || true
}
trap clean_up EXIT

told() {
	[[ -s $CASE_DIR/told ]]
}

children() { # PID: of it that are daemons to be
	pgrep -P "$1" -x thulefs
}

"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
daemon=$(sql 'select pid from thule.mount where ended_at is null')
mkfifo "$CASE_DIR/ready"
unshare --mount bash -c "echo >'$CASE_DIR/ready'; exec -a pinning sleep infinity" &
other=$!
pids+=("$other")
read -r _ <"$CASE_DIR/ready"
umount -ic "$MNT"

"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null 2>"$CASE_DIR/told" &
mounting=$!
wait_until 60 told || fail "it waits and does not say for whom"
kill -0 "$mounting" 2>/dev/null || fail "it does not wait"
assert_match "process $other \(sleep\).*namespace $(stat -Lc %i "/proc/$other/ns/mnt").*nsenter -t $other" "$(<"$CASE_DIR/told")" "told"

# Ended, nothing comes of it.
kill -TERM "$mounting"
wait "$mounting" && fail "ended, it succeeded"
kill "$other"
wait_until 60 process_gone "$daemon" || fail "the daemon is there after the last namespace went"
lease_free() {
	[[ $(sql "select count(*) from pg_stat_activity where application_name = 'thulefs' and datname = current_database()") == 0 ]]
}
wait_until 60 lease_free || fail "a daemon is there that nobody waits for"
mountpoint -q "$MNT" && fail "who was ended got a mount later"

# Killed while a daemon waits for the database.
exec 3> >(psql -XAtq -d "$THULE_SOURCE" >/dev/null)
echo 'begin; lock table thule.superblock in access exclusive mode;' >&3
locked() {
	[[ $(sql "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = 'thule.superblock'::regclass
		and database = (select oid from pg_database where datname = current_database())") == 1 ]]
}
wait_until 60 locked || fail "no lock"
for signal in KILL TERM; do
	"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null 2>&1 &
	mounting=$!
	wait_until 60 children "$mounting" >/dev/null || fail "no daemon"
	waiting=$(children "$mounting")
	kill "-$signal" "$mounting"
	wait "$mounting" && fail "after SIG$signal it succeeded"
	wait_until 60 process_gone "$waiting" || fail "after SIG$signal a daemon waits on"
done
echo 'commit;' >&3
exec 3>&-
mountpoint -q "$MNT" && fail "who was killed got a mount later"
"$THULE" mount "$THULE_SOURCE" "$MNT" >/dev/null
"$THULE" umount "$MNT"
