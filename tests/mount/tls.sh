#!/usr/bin/env bash
# Servers over TCP must prove with a certificate who they are, unless the user says otherwise; what is missing is said.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
need openssl

data=$CASE_DIR/data
port=$((20000 + $$ % 20000))
as_postgres() {
	(cd / && setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@")
}
# shellcheck disable=SC2317 # called by trap
clean_up() {
	umount -l "$MNT" 2>/dev/null || true
	as_postgres "$PG_BIN/pg_ctl" -D "$data" -s -m immediate stop 2>/dev/null || true
}
trap clean_up EXIT

# An authority, and a certificate for localhost.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout "$CASE_DIR/ca.key" -out "$CASE_DIR/ca.crt" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=another -keyout "$CASE_DIR/no.key" -out "$CASE_DIR/no.crt" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$CASE_DIR/server.key" -out "$CASE_DIR/server.csr" 2>/dev/null
openssl x509 -req -in "$CASE_DIR/server.csr" -CA "$CASE_DIR/ca.crt" -CAkey "$CASE_DIR/ca.key" -CAcreateserial -days 2 \
	-out "$CASE_DIR/server.crt" 2>/dev/null
mkdir "$data"
chown postgres "$data"
echo sesame >"$CASE_DIR/pw"
chmod 644 "$CASE_DIR/pw"
as_postgres "$PG_BIN/initdb" -D "$data" -U owner --auth=scram-sha-256 --pwfile="$CASE_DIR/pw" --no-sync >/dev/null
install -o postgres -m 600 "$CASE_DIR/server.key" "$CASE_DIR/server.crt" "$data"
cat >>"$data/postgresql.conf" <<-END
	port = $port
	listen_addresses = 'localhost'
	unix_socket_directories = ''
	ssl = on
	fsync = off
END
as_postgres "$PG_BIN/pg_ctl" -D "$data" -s -w -l "$data/log" start || skip "the server does not start: $(tail -n 3 "$data/log")"

unset THULE_DB PGHOST PGUSER PGPORT PGDATABASE PGSSLMODE
export HOME=$CASE_DIR
source="postgresql://owner:sesame@localhost:$port/postgres"
refused() { # REGEX [SOURCE]
	assert_fails "$1" "$THULE" mount "${2:-$source}" "$MNT"
	THULE_DB=${2:-$source} assert_fails "$1" "$THULE" log /
	if mountpoint -q "$MNT"; then
		fail "mounted in spite of '$1'"
	fi
}
works() { # WHAT [SOURCE]
	"$THULE" mount "${2:-$source}" "$MNT" >/dev/null || fail "mount, $1"
	echo kept >"$MNT/file"
	assert_eq kept "$(THULE_DB=${2:-$source} "$THULE" cat "$MNT/file")" "cat, $1"
	assert_eq t "$(THULE_DB=${2:-$source} "$THULE" sql -XAtc 'select true')" "psql, $1"
	THULE_DB=${2:-$source} "$THULE" umount "$MNT" || fail "umount, $1"
}

refused 'root certificate.*sslrootcert'
export PGSSLROOTCERT=$CASE_DIR/ca.crt
works "verified"
works "in the connection string" "$source?sslrootcert=$CASE_DIR/ca.crt"
refused 'certificate verify failed.*sslrootcert' "$source?sslrootcert=$CASE_DIR/no.crt"
refused 'does not match host name.*sslmode=verify-ca' "${source/localhost/127.0.0.1}"
works "another mode" "${source/localhost/127.0.0.1}?sslmode=verify-ca"

# Without TLS.
echo 'ssl = off' >>"$data/postgresql.conf"
as_postgres "$PG_BIN/pg_ctl" -D "$data" -s -w -l "$data/log" restart
refused 'does not support SSL.*sslmode=disable'
works "in the connection string" "$source?sslmode=disable"
PGSSLMODE=prefer works "in the environment"
printf '[plain]\nhost=localhost\nport=%s\nuser=owner\ndbname=postgres\npassword=sesame\nsslmode=prefer\n' "$port" >"$CASE_DIR/services"
PGSERVICEFILE=$CASE_DIR/services works "in a service file" "service=plain"
# What `thule run` runs has the environment that it had.
assert_eq unset "$(cd / && "$THULE" run -- sh -c "echo \${PGSSLMODE-unset}")" "PGSSLMODE of a command that is run"
