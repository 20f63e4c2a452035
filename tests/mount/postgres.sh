#!/usr/bin/env bash
# A PostgreSQL cluster whose data are on the mount: pgbench, a crash, recovery, pg_amcheck, a remount.
# options: allow_other
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
id postgres >/dev/null 2>&1 || skip "there is no user postgres"

data=$MNT/data
socket=$(mktemp -d -p /tmp thule-pg.XXXXXX)
chown postgres "$socket"
cd "$socket"

run() { # COMMAND...
	setpriv --reuid=postgres --regid=postgres --init-groups -- env PGHOST="$socket" PGDATABASE=postgres PGUSER=postgres \
		PATH="$PG_BIN:$PATH" "$@"
}

start() {
	run pg_ctl -D "$data" -l "$socket/log" -w -t 60 -o "-k $socket -c listen_addresses=" start >/dev/null ||
		fail "the server did not start: $(tail -n 5 "$socket/log")"
}

stop() { # MODE
	run pg_ctl -D "$data" -w -m "$1" stop >/dev/null
}

clean_up() {
	[[ ! -e $data/postmaster.pid ]] || stop immediate || true
	cd /
	rm -rf "$socket"
}
trap clean_up EXIT

total() {
	run psql -XAtq -c 'select sum(abalance) = (select sum(bbalance) from pgbench_branches) and
		sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts'
}

is_busy() {
	[[ $(run psql -XAtq -c "select count(*) from pg_stat_activity where application_name = 'pgbench'") == 2 ]]
}

mkdir "$data"
chown postgres "$data"
chmod 700 "$data"
run initdb -D "$data" -A peer --data-checksums >/dev/null
start
run pgbench -i -q -s 1 2>/dev/null
run pgbench -n -c 4 -t 100 >/dev/null 2>&1
assert_eq t "$(total)" "balances after pgbench"

# The server dies with transactions under way.
run pgbench -n -c 2 -T 60 >/dev/null 2>&1 &
bench=$!
wait_until 60 is_busy || fail "pgbench does nothing"
stop immediate
wait "$bench" || true
start
assert_eq t "$(total)" "balances after the crash"
run psql -XAtq -c 'create extension amcheck'
run pg_amcheck --all --heapallindexed >"$socket/amcheck" 2>&1 || fail "pg_amcheck: $(<"$socket/amcheck")"

stop fast
remount_fs
run pg_checksums -c -D "$data" >"$socket/sums" 2>&1 || fail "pg_checksums: $(<"$socket/sums")"
start
assert_eq t "$(total)" "balances after a remount"
run pg_amcheck --all >"$socket/amcheck" 2>&1 || fail "pg_amcheck: $(<"$socket/amcheck")"
stop fast
fsck
