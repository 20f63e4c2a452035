#!/usr/bin/env bash
# SQLite in rollback and in WAL mode, several writers at once: nothing lost, integrity_check is ok, and still is
# after a remount.
# transport: uring
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need sqlite3

rows=120

query() { # DATABASE SQL
	sqlite3 -cmd '.timeout 60000' "$1" "$2"
}

writer() { # DATABASE NUMBER
	local i
	for ((i = 0; i < rows; i += 10)); do
		query "$1" "begin immediate;
			insert into t select $2, $i + value, randomblob(2000) from generate_series(0, 9);
			update t set data = randomblob(500) where writer = $2 and n = $i;
			commit;"
	done
}

check() { # DATABASE
	assert_eq ok "$(query "$1" 'pragma integrity_check')" "integrity_check of ${1##*/}"
	assert_eq $((3 * rows)) "$(query "$1" 'select count(distinct writer || n) from t')" "rows of ${1##*/}"
}

for mode in delete truncate wal; do
	db=$MNT/$mode.db
	assert_eq "$mode" "$(query "$db" "pragma journal_mode=$mode")" "journal mode"
	query "$db" 'create table t (writer int, n int, data blob); create index i on t (writer, n);'
	pids=()
	for number in 1 2 3; do
		writer "$db" $number &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a writer of $mode failed"
	done
	check "$db"
	query "$db" 'delete from t where n % 2 = 1; vacuum; insert into t select writer, n + 1, data from t'
	check "$db"
done
remount_fs
for mode in delete truncate wal; do
	check "$MNT/$mode.db"
done
