#!/usr/bin/env bash
# A pooler between us and the server: one that lends sessions for a transaction or a statement is refused at mount, with
# the reason; one that lends them for a connection serves as the server does.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need pgbouncer

pool=$CASE_DIR/pool
direct=$THULE_SOURCE
mkdir "$pool"
as=()
if [[ $(id -u) == 0 ]]; then
	# pgbouncer refuses to run as root.
	as=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
	chown postgres: "$pool"
fi
echo "\"$PGUSER\" \"\"" >"$pool/users"
pooler=

stop_pooler() {
	[[ -z $pooler ]] || { kill -TERM "$pooler" && wait "$pooler"; } 2>/dev/null || true
	pooler=
}
trap stop_pooler EXIT

listening() {
	[[ -S $pool/.s.PGSQL.6543 ]] && psql -XAtqc 'select 1' -d "$pooled" >/dev/null 2>&1
}

start_pooler() { # MODE [LINES]
	stop_pooler
	rm -f "$pool/.s.PGSQL.6543"
	cat >"$pool/ini" <<-INI
		[databases]
		* = host=$PGHOST
		[pgbouncer]
		listen_addr =
		listen_port = 6543
		unix_socket_dir = $pool
		auth_type = any
		auth_file = $pool/users
		pool_mode = $1
		min_pool_size = 0
		server_lifetime = 3600
		${2:-}
	INI
	# Any user is the server's superuser here.
	sed -i "s|^\* = .*|& user=$PGUSER|" "$pool/ini"
	"${as[@]}" pgbouncer -q "$pool/ini" >"$pool/out" 2>&1 &
	pooler=$!
	# shellcheck disable=SC2034 # listening() reads it
	wait_until 60 listening || fail "pgbouncer: $(<"$pool/out")"
}
pooled="postgresql://$PGUSER@/$CASE_DB?host=${pool//\//%2F}&port=6543"

refused() { # WHAT
	assert_fails 'pooler.*pool_mode=session' "$THULEFS" "$pooled" "$MNT" -f
	! is_mounted || fail "$1: mounted"
}

start_pooler transaction
refused "an empty database"
assert_eq 0 "$(psql -XAtqc "select count(*) from pg_namespace where nspname = 'thule'" -d "$direct")" "made in the refused one"

# What there is, and what others hold of it.
mount_fs
echo one >"$MNT/file"
umount_fs
refused "a filesystem"
assert_fails 'pooler.*pool_mode=session' env THULE_DB="$pooled" "$THULE" undo --yes --since 1h /file
assert_eq 0 "$(psql -XAtqc "select count(*) from pg_locks where locktype = 'advisory'
	and database = (select oid from pg_database where datname = current_database())" -d "$direct")" "locks that it left"
assert_fails 'pooler.*pool_mode=session' "$THULEFS" "$pooled" "$MNT" -f -o at=now
start_pooler transaction 'server_round_robin = 1'
for ((i = 0; i < 5; i++)); do
	psql -XAtqc 'select pg_sleep(0.3)' -d "$pooled" >/dev/null &
	wait_for[i]=$!
done
wait "${wait_for[@]}"
refused "sessions in turn"
start_pooler transaction $'default_pool_size = 1\nquery_wait_timeout = 5'
refused "one session for all"
start_pooler transaction 'ignore_startup_parameters = extra_float_digits,options,search_path'
PGOPTIONS='-c search_path=public' refused "parameters that it swallows"
start_pooler statement
refused "for a statement"

start_pooler session 'ignore_startup_parameters = options'
THULE_SOURCE=$pooled mount_fs
assert_eq one "$(<"$MNT/file")" "through a pooler of sessions"
echo two >"$MNT/file"
sync_fs
assert_eq two "$(<"$MNT/.thule/at/now/file")" "the past"
THULE_DB=$pooled "$THULE" snapshot create here >/dev/null
mkdir "$CASE_DIR/other"
assert_fails "already mounted" "$THULEFS" "$direct" "$CASE_DIR/other" -f
umount_fs
# The session that goes back to the pooler is not the lease's any more.
THULE_SOURCE=$direct mount_fs
assert_eq two "$(<"$MNT/file")" "what was written through it"
umount_fs
stop_pooler
