#!/usr/bin/env bash
# thule umount while the server is gone: says that not everything is in the database, and the next mount brings it there.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

echo first >"$MNT/file"
sync_fs
exec 3>>"$MNT/file"
stop_db
echo second >&3
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
