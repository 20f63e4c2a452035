#!/usr/bin/env bash
# A copy of a filesystem, by createdb -T, by dump and restore, or of the server's whole data folder, has the same uuid on
# the same host: it neither takes nor empties the journal of the original, and is mounted beside it.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

private=$(sql 'select 1' >/dev/null && echo "$THULE_HOME/socket")
[[ -S $private/.s.PGSQL.5432 ]] || skip "the private server's socket is elsewhere"
source_of() { # DATABASE [SOCKET]
	echo "postgresql://thule@/$1?host=${2:-$private}"
}
psql_of() { # DATABASE COMMAND [SOCKET]
	psql -XAtq -d "$(source_of "$1" "${3:-}")" -c "$2"
}
mkdir "$CASE_DIR/copy"
# shellcheck disable=SC2317 # called by trap
clean_up() {
	umount -l "$CASE_DIR/copy" 2>/dev/null || true
	if [[ -e $CASE_DIR/copied/data ]]; then
		as_server "$PG_BIN/pg_ctl" -D "$CASE_DIR/copied/data" -s -m immediate stop || true
	fi
}
trap clean_up EXIT
as_server() { # COMMAND...
	(cd / && setpriv --reuid="$(stat -c %u "$THULE_HOME/data")" --regid="$(stat -c %g "$THULE_HOME/data")" --clear-groups -- "$@")
}

echo one >"$MNT/one"
sync_fs
# A batch that cannot be committed, and a daemon that dies: NAME is in the journal alone.
leave_in_journal() { # NAME
	rm -f "$CASE_DIR/commands" "$CASE_DIR/said"
	mkfifo "$CASE_DIR/commands"
	psql -XAtq -d "$(source_of thule)" <"$CASE_DIR/commands" >"$CASE_DIR/said" &
	local holder=$!
	exec 3>"$CASE_DIR/commands"
	echo 'begin; lock table thule.op in share mode; select 1;' >&3
	wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
	echo "$1" >"$MNT/$1"
	kill_daemon
	psql_of thule "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'thulefs drain'" >/dev/null
	exec 3>&-
	wait "$holder"
	# The server ends the daemon's sessions as it notices.
	wait_until 60 no_daemon || fail "sessions of the daemon are still there"
}
no_daemon() {
	[[ $(psql_of thule "select count(*) from pg_stat_activity where application_name like 'thulefs%'") == 0 ]]
}
journals() {
	stat -c '%n %i %s' /run/thulefs/thulefs-"$uuid"-*.journal 2>/dev/null | sort
}
uuid=$(sql 'select uuid from thule.superblock')
try_copy() { # SOURCE OPTIONS
	"$THULE" mount "$1" "$CASE_DIR/copy" ${2:+-o "$2"} >/dev/null || fail "the copy $1 is not mounted"
	assert_eq one "$(<"$CASE_DIR/copy/one")" "a file of the copy $1"
	[[ ! -e $CASE_DIR/copy/$left ]] || fail "the copy $1 has got what was acknowledged to the original"
	echo copy >"$CASE_DIR/copy/of-copy"
	grep -qF "$before" <<<"$(journals)" || fail "the journal of the original was touched: $before; now $(journals)"
	# Both at once.
	mount_fs
	assert_eq "$left" "$(<"$MNT/$left")" "what was acknowledged to the original"
	echo both >"$MNT/both-$left"
	echo both >"$CASE_DIR/copy/both"
	sync "$MNT/both-$left" "$CASE_DIR/copy/both"
	[[ ! -e $MNT/of-copy && ! -e $CASE_DIR/copy/both-$left ]] || fail "the two are mixed up"
	"$THULE" umount "$CASE_DIR/copy"
}

left=template
leave_in_journal $left
before=$(journals)
[[ -n $before ]] || fail "no journal is left"
psql_of postgres "create database copied template thule"
try_copy "$(source_of copied)"

left=dump
leave_in_journal $left
before=$(journals)
psql_of postgres "create database restored template template0"
as_server "$PG_BIN/pg_dump" "$(source_of thule)" >"$CASE_DIR/dump" 2>"$CASE_DIR/dump.err" ||
	pg_dump -d "$(source_of thule)" >"$CASE_DIR/dump"
psql -XAtq -v ON_ERROR_STOP=1 -d "$(source_of restored)" -f "$CASE_DIR/dump" >/dev/null
try_copy "$(source_of restored)"

# The same server and database twice: whether the copy has taken the place of the original only its owner knows.
left=folder
leave_in_journal $left
before=$(journals)
stop_db
mkdir -m 711 "$CASE_DIR/copied"
cp -a "$THULE_HOME/data" "$THULE_HOME/socket" "$CASE_DIR/copied"
start_db
as_server "$PG_BIN/pg_ctl" -D "$CASE_DIR/copied/data" -s -w -l "$CASE_DIR/copied/data/log" \
	-o "-c unix_socket_directories=$CASE_DIR/copied/socket -c listen_addresses=" start
copied=$(source_of thule "$CASE_DIR/copied/socket")
assert_fails 'acknowledged for this filesystem when its server was .*if it is a copy' \
	"$THULE" mount "$copied" "$CASE_DIR/copy"
grep -qF "$before" <<<"$(journals)" || fail "a refused mount has touched the journal: $before; now $(journals)"
try_copy "$copied" "journal=$CASE_DIR/copied/journal"
left=rebrand
leave_in_journal $left
before=$(journals)
assert_match 'stays where it is' "$(THULE_DB=$copied "$THULE" rebrand 2>&1)" "a copy that gets an identity of its own"
try_copy "$copied"
