#!/usr/bin/env bash
# When the database is restarted, programs wait and then go on: no error, nothing lost.
# db: private
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

# Makes and reads back until told to stop; any error ends it.
worker() { # NUMBER
	local i=0
	mkdir "$MNT/$1"
	while [[ ! -e $CASE_DIR/stop ]]; do
		echo "$1 $i" >"$MNT/$1/$i" || return 1
		[[ $(<"$MNT/$1/$i") == "$1 $i" ]] || return 1
		if ((i % 20 == 0)); then
			sync "$MNT/$1/$i" || return 1
		fi
		i=$((i + 1))
		echo $i >"$CASE_DIR/made-$1"
	done
}

made_at_least() { # COUNT
	local i
	for i in 1 2; do
		[[ -s $CASE_DIR/made-$i && $(<"$CASE_DIR/made-$i") -ge $1 ]] || return 1
	done
}

a_worker_ended() {
	! kill -0 "${pids[0]}" 2>/dev/null || ! kill -0 "${pids[1]}" 2>/dev/null
}

enough_or_ended() { # COUNT
	a_worker_ended || made_at_least "$1"
}

# Both workers make so many more files.
expect_progress() { # COUNT WHEN
	local most
	most=$(cat "$CASE_DIR"/made-* 2>/dev/null | sort -n | tail -n 1 || true)
	wait_until 60 enough_or_ended $((${most:-0} + $1)) || fail "no progress $2"
	if a_worker_ended; then
		fail "a worker got an error $2"
	fi
}

mkdir "$MNT/cold"
for ((i = 0; i < 300; i++)); do
	echo "cold $i" >"$MNT/cold/$i"
done
remount_fs
pids=()
for number in 1 2; do
	worker $number &
	pids+=($!)
done
expect_progress 25 "at first"
restart_db
expect_progress 45 "after a restart"
# What is not in memory has to come from the new server.
for ((i = 0; i < 300; i++)); do
	assert_eq "cold $i" "$(<"$MNT/cold/$i")" "a file read after the restart"
done
stop_db
echo 'while it is away' >"$MNT/away" &
away=$!
start_db
wait $away || fail "a write failed while the server was away"
expect_progress 45 "after a pause"
touch "$CASE_DIR/stop"
for pid in "${pids[@]}"; do
	wait "$pid" || fail "a worker got an error"
done
remount_fs
assert_eq 'while it is away' "$(<"$MNT/away")" "written while the server was away, after remount"
for number in 1 2; do
	count=$(<"$CASE_DIR/made-$number")
	for ((i = 0; i < count; i++)); do
		assert_eq "$number $i" "$(<"$MNT/$number/$i")" "file $number/$i"
	done
done
