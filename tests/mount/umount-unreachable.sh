#!/usr/bin/env bash
# thule umount while the server is gone: says that not everything is in the database, and the next mount brings it there.
# db: private
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

echo first >"$MNT/file"
sync_fs
# What is acknowledged now cannot be committed, and then the server goes.
mkfifo "$CASE_DIR/commands"
"$THULE" sql -XAtq <"$CASE_DIR/commands" >"$CASE_DIR/said" 2>/dev/null &
exec 3>"$CASE_DIR/commands"
echo 'begin; lock table thule.op; select 1;' >&3
wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
echo second >>"$MNT/file"
private_pg_ctl stop -m immediate
exec 3>&-
status=0
said=$("$THULE" umount "$MNT" 2>&1) || status=$?
assert_eq 1 "$status" "exit status of thule umount, which said '$said'"
assert_match 'did not take the last changes.*next mount' "$said" "thule umount"
is_mounted && fail "still mounted"
wait_daemon_gone
start_db
mount_fs
assert_eq $'first\nsecond' "$(<"$MNT/file")" "content after the next mount"

# A server that comes back each time, and ends each session that commits.
sql "create function public.die() returns trigger language plpgsql as
	\$\$begin perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end\$\$;
	create trigger die before insert on thule.op for each statement execute function public.die()" 2>/dev/null
echo third >>"$MNT/file"
assert_fails 'did not take the last changes' "$THULE" umount --wait 40 "$MNT"
wait_daemon_gone
sql "drop trigger die on thule.op; drop function public.die()"
mount_fs
assert_eq $'first\nsecond\nthird' "$(<"$MNT/file")" "content after the mount after that"
"$THULE" umount "$MNT" || fail "thule umount with a server"
wait_daemon_gone
mount_fs
