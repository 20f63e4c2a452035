#!/usr/bin/env bash
# A role that may merely connect holds up nobody: neither mounting, nor what deletes from the past or refers to it, nor
# installing; and it is not taken for who has the lease.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

stranger=stranger_$$
psql -Xq -d "$THULE_SOURCE" -c "create role $stranger login"
# shellcheck disable=SC2317 # the trap calls it
clean() {
	[[ -z ${holding:-} ]] || kill "$holding" 2>/dev/null || true
	psql -Xq -d "$THULE_SOURCE" -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = '$stranger'" \
		-c "drop role $stranger" >/dev/null
}
trap clean EXIT

held() {
	[[ $(psql -XAtq -d "$THULE_SOURCE" -c "select count(*) from pg_locks l join pg_stat_activity a using (pid)
		where l.locktype = 'advisory' and l.granted and a.usename = '$stranger'") -ge $1 ]]
}

# Every key that anything of ours has had, in a session that stays.
hold_locks() { # EXTRA-SQL
	psql -XAtq -U "$stranger" -d "$CASE_DB" >/dev/null 2>&1 <<-SQL &
		select pg_advisory_lock(1953003884, 1), pg_advisory_lock(1953003884, 2),
			pg_advisory_lock(hashtextextended('thule.install', 0));
		${1:-}
		select pg_sleep(600);
	SQL
	holding=$!
}

hold_locks
wait_until 60 held 3 || fail "the stranger does not hold them"
mount_fs
echo one >"$MNT/file"
sync_fs
echo two >"$MNT/file"
sync_fs
"$THULE" snapshot create here >/dev/null
"$THULE" undo --yes --since 1h "$MNT/file" >/dev/null || fail "undo"
"$THULE" prune --keep 0s >/dev/null || fail "prune"
kill "$holding"

# The key that the mount has now is for all to see, and free once it ends.
psql -Xq -d "$THULE_SOURCE" -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = '$stranger'" >/dev/null
key=$(sql 'select key from thule.lease')
assert_eq 1 "$(sql "select count(*) from pg_locks where locktype = 'advisory' and classid = 1953003884 and objid = $key and granted")" \
	"sessions with the lock of the lease"
umount_fs
hold_locks "select pg_advisory_lock(1953003884, $key);"
wait_until 60 held 4 || fail "the stranger does not hold it"
assert_eq "" "$(sql 'select thule.lease_holder()')" "the stranger is not who has the lease"
THULE_DB=$THULE_SOURCE "$THULE" hold / >/dev/null || fail "a request without a mount"
mount_fs
assert_eq 1 "$(sql 'select count(*) from thule_internal.mount_alive()')" "mounts that live"
echo three >"$MNT/file"
sync_fs
mkdir "$CASE_DIR/other"
assert_fails 'already mounted' "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/other" -f
umount_fs

# Who may not look into the schema cannot lock its tables either.
assert_fails 'permission denied' psql -XAtq -U "$stranger" -d "$CASE_DB" -c 'begin; lock table thule.history_lock in share mode'
assert_fails 'permission denied' psql -XAtq -U "$stranger" -d "$CASE_DB" -c 'select thule_internal.lease_take()'
psql -Xq -d "$THULE_SOURCE" -c "grant usage on schema thule to $stranger; grant select on all tables in schema thule to $stranger"
for mode in share exclusive 'row share' 'access exclusive'; do
	assert_fails 'permission denied' psql -XAtq -U "$stranger" -d "$CASE_DB" -c "begin; lock table thule.history_lock in $mode mode"
done
assert_fails 'permission denied' psql -XAtq -U "$stranger" -d "$CASE_DB" -c 'select from thule.lease for update'
psql -Xq -d "$THULE_SOURCE" -c "revoke all on all tables in schema thule from $stranger; revoke usage on schema thule from $stranger"
