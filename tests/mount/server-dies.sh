#!/usr/bin/env bash
# The private PostgreSQL dies under a mount and is started again: programs wait and go on, each op is there once. One that
# was stopped in order stays stopped. A server that starts or recovers is waited for when it is mounted.
# db: private
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

postmaster() {
	head -n 1 "$(private_data)/postmaster.pid"
}

has_logged() { # EXTENDED-REGEX [COUNT]
	(($(grep -cE "$1" "$CASE_DIR/daemon.log") >= ${2:-1}))
}

answers() {
	psql -XAtq -h "$THULE_HOME/socket" -U thule thule -c 'select 1' >/dev/null 2>&1
}

assert_once() { # FILES
	assert_eq "$1 $1" "$(sql "select count(*) || ' ' || count(distinct path) from thule.change where kind = 'create'")" "creations"
}

echo before >"$MNT/f1"
died=$(postmaster)
kill -KILL "$died"
echo during >"$MNT/f2"
timeout 120 "$(command -v sync)" "$MNT/f2" || fail "fsync did not come back after the server died"
# A backend may live on for the moment that this took.
wait_until 60 has_logged 'runs again' || fail "the log does not say that the server runs again"
assert_eq before "$(<"$MNT/f1")" "what was there before"

# While nobody writes, too, and a second time.
died=$(postmaster)
kill -KILL "$died"
wait_until 60 has_logged 'runs again' 2 || fail "the log does not say so twice"
[[ $(postmaster) != "$died" ]] || fail "the server is the one that died"
wait_until 60 answers || fail "the server that died while nobody wrote is not there"
echo after >"$MNT/f3"
timeout 120 "$(command -v sync)" "$MNT/f3" || fail "fsync after the second time"
assert_once 3

# Something else has the number now.
stop_db
sleep 600 &
other=$!
data=$(private_data)
printf '%s\n' "$other" "$data" 1 5432 "$THULE_HOME/socket" '' ' 1 1' >"$data/postmaster.pid"
chown --reference="$data" "$data/postmaster.pid"
chmod 600 "$data/postmaster.pid"
wait_until 60 has_logged 'runs again' 3 || fail "a number that another program has is taken for the server"
kill -0 "$other" || fail "it ended a program that is not the server"
kill "$other"
wait_until 60 answers || fail "the server is not there"

# In order, and at once: nobody starts it but who needs it.
for mode in fast immediate; do
	private_pg_ctl stop -m "$mode"
	for ((i = 0; i < 150; i++)); do
		[[ ! -e $data/postmaster.pid ]] || fail "a server that was stopped ($mode) was started again"
		sleep 0.02
	done
	start_db
	timeout 120 "$(command -v sync)" "$MNT" || fail "fsync after a stop and a start ($mode)"
done
sql 'alter system set wal_level = replica' # without which there is no recovery from an archive
umount_fs

# Recovery that lasts until the file is there. Both ways to name the server wait and say so.
owner=$(stat -c %U "$data")
restart_db
stop_db
touch "$data/recovery.signal"
chown "$owner" "$data/recovery.signal"
echo "restore_command = 'for i in \$(seq 3000); do [ -e \"$data/go\" ] && exit 1; sleep 0.02; done; exit 1'" \
	>>"$data/postgresql.auto.conf"
private_pg_ctl start -W -l "$data/recovery.log"
starting() {
	pg_isready -q -h "$THULE_HOME/socket"
	[[ $? == 1 ]]
}
wait_until 60 starting || fail "the server is not recovering"
"$THULE" mount "host=$THULE_HOME/socket user=thule dbname=thule" "$MNT" >"$CASE_DIR/mount.out" 2>&1 &
mounting=$!
: >>"$CASE_DIR/mount.out"
waits() {
	grep -q 'waiting up to' "$CASE_DIR/mount.out"
}
wait_until 60 waits || fail "it does not say that it waits: $(<"$CASE_DIR/mount.out")"
is_mounted && fail "it mounted while the server was recovering"
touch "$data/go"
wait "$mounting" || fail "mount: $(<"$CASE_DIR/mount.out")"
assert_eq "before during after" "$(cat "$MNT"/f? | xargs)" "the files after a recovery"
"$THULE" umount "$MNT"
