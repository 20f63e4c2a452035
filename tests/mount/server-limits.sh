#!/usr/bin/env bash
# A server that is there and does not take what is sent: it has no connection left, it takes none yet because it recovers,
# it is read-only, or it answers nobody. Who asks for what is known gets it, who must wait waits, can be killed, and is
# named by `thule status`, which says why; afterwards all go on, and each op is in the log once.
# db: private
# labels: long
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need jq

waiting() { # REGEX: `thule status --requests` has a line that matches
	local said
	said=$(timeout 120 "$THULE" status --requests "$MNT" 2>&1) || true
	grep -qE -- "$1" <<<"$said"
}
status_says() { # REGEX
	local said
	said=$(timeout 120 "$THULE" status "$MNT" 2>&1) || true
	grep -qE -- "$1" <<<"$said"
}
has_logged() { # REGEX
	tail -c "+$((before + 1))" "$CASE_DIR/daemon.log" | grep -qE -- "$1"
}
mark() {
	before=$(stat -c %s "$CASE_DIR/daemon.log")
}
end_sessions() {
	sql "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'thulefs%'" >/dev/null
}
# Somebody writes until it is done, or killed.
write_behind() { # FILE
	(
		echo "$1" >"$MNT/written/$1"
		exec sync "$MNT/written/$1"
	) &
	writer=$!
}
no_uninterruptible() { # PID
	[[ $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) != D* ]]
}
killable() { # PID
	kill -KILL "$1"
	wait_until 60 process_gone "$1" || fail "process $1 is not gone: $(cat "/proc/$1/stack" 2>/dev/null)"
}

# What `before` made; `during` waits for the server, may be killed, and is done in the end.
# Each part: PART REGEX-OF-STATUS, with the server as it is now.
check_waits() {
	local part=$1 why=$2
	assert_eq before "$(timeout 120 cat "$MNT/before")" "what is known, $part"
	write_behind "$part"
	wait_until 60 waiting 'waits for|create|lookup|fsync' || fail "$part: nobody waits: $("$THULE" status --requests "$MNT" 2>&1)"
	kill -0 "$writer" 2>/dev/null || fail "$part: a write was acknowledged"
	wait_until 60 status_says "$why" || fail "$part: thule status does not say why: $("$THULE" status "$MNT" 2>&1)"
	wait_until 60 no_uninterruptible "$writer" || fail "$part: the writer sleeps and cannot be killed"
	mkdir "$MNT/killed/$part" &
	wait_until 60 waiting "mkdir.*$part" || fail "$part: who makes a directory does not wait"
	killable $!
}
check_done() { # PART
	wait "$writer" || fail "$1: the write that waited failed"
	assert_eq "$1" "$(<"$MNT/written/$1")" "what was written, $1"
	[[ ! -e $MNT/killed/$1 ]] || fail "$1: what was killed before it was acknowledged was done"
	assert_eq "1" "$(sql "select count(*) from thule.op where kind = 1 and name = '$1'")" "creates of $1 in the log"
}

echo before >"$MNT/before"
# Two directories: who waits in one of them keeps others out of it, in the kernel.
mkdir "$MNT/written" "$MNT/killed"
sql 'alter system set max_connections = 10'
sql 'alter system set wal_level = replica'
sql 'alter system set max_wal_senders = 0'
restart_db
timeout 120 "$(command -v sync)" "$MNT" || fail "fsync after a restart"
assert_eq before "$(<"$MNT/before")" "what is known from here on"
ls "$MNT/written" "$MNT/killed" >/dev/null

echo "== no connection left"
stop_process "$(daemon_pid)"
end_sessions
taken=()
# Sessions that are idle until their client goes.
mkfifo "$CASE_DIR/silence"
exec 4<>"$CASE_DIR/silence"
# shellcheck disable=SC2317 # called by wait_until
take_connection() {
	local said
	psql -XAtq -h "$THULE_HOME/socket" -U thule thule <"$CASE_DIR/silence" 2>"$CASE_DIR/taken" &
	taken+=($!)
	said=$(psql -XAtq -h "$THULE_HOME/socket" -U thule thule -c 'select 1' 2>&1) || true
	grep -q 'too many clients' <<<"$said"
}
wait_until 60 take_connection || fail "the server does not run out of connections: $(<"$CASE_DIR/taken")"
kill -CONT "$(daemon_pid)"
check_waits connections 'too many clients'
kill "${taken[@]}" 2>/dev/null
wait "${taken[@]}" 2>/dev/null || true
exec 4<&-
check_done connections

echo "== it recovers, for as long as it takes"
data=$(private_data)
owner=$(stat -c %U "$data")
stop_db
touch "$data/recovery.signal"
chown "$owner" "$data/recovery.signal"
cp -p "$data/postgresql.auto.conf" "$CASE_DIR/auto.conf"
echo "restore_command = 'for i in \$(seq 3000); do [ -e \"$data/go\" ] && exit 1; sleep 0.02; done; exit 1'" \
	>>"$data/postgresql.auto.conf"
private_pg_ctl start -W -l "$data/recovery.log"
check_waits recovery 'starting up|not yet accepting|is starting or stopping'
touch "$data/go"
check_done recovery

echo "== it is read-only, as a standby to which a name leads too early"
stop_db
cp -p "$CASE_DIR/auto.conf" "$data/postgresql.auto.conf"
touch "$data/standby.signal"
chown "$owner" "$data/standby.signal"
start_db
assert_eq t "$(psql -XAtq -h "$THULE_HOME/socket" -U thule thule -c 'select pg_is_in_recovery()')" "a standby"
check_waits standby 'lease +lost since'
psql -XAtq -h "$THULE_HOME/socket" -U thule thule -c 'select pg_promote()' >/dev/null
check_done standby
