#!/usr/bin/env bash
# The private PostgreSQL: made once however many ask, stopped until it is told to start, started again after a crash and an interrupted start,
# open to its owner and root alone, in homes with names that are long or odd.
# db: private
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

started=()
# shellcheck disable=SC2317 # called by trap
stop_all() {
	local home
	for home in "${started[@]}"; do
		THULE_HOME=$home "$THULE" cluster stop >/dev/null || true
	done
}
trap stop_all EXIT

start_in() { # HOME
	started+=("$1")
	THULE_HOME=$1 "$THULE" cluster start
}

works() { # WHAT
	assert_eq 1 "$("$THULE" sql -XAtq -c 'select 1')" "$1"
}

assert_match "no|not created" "$("$THULE" cluster status)" "status before"
assert_fails 'thule mount' "$THULE" fsck

# Four at once: one makes it, and all find it running.
started+=("$THULE_HOME")
pids=()
for i in 1 2 3 4; do
	"$THULE" cluster start >"$CASE_DIR/start.$i" 2>&1 &
	pids+=($!)
done
for i in 1 2 3 4; do
	wait "${pids[i - 1]}" || fail "start $i of four: $(<"$CASE_DIR/start.$i")"
done
works "after four starts at once"
assert_eq thule "$(sql 'select current_user')" "role"
assert_eq 'on|on|on||UTF8' "$(sql "select current_setting('fsync'), current_setting('full_page_writes'),
	current_setting('data_checksums'), current_setting('listen_addresses'), current_setting('server_encoding')")" \
	"settings that must hold"

"$THULE" cluster stop
"$THULE" cluster stop
assert_match stopped "$("$THULE" cluster status)" "status after a stop"
# It stays so: no command starts it just because it needs it, until one is told to.
assert_fails 'was stopped, and stays so until .thule cluster start. or a mount' "$THULE" sql -c 'select 1'
assert_fails 'was stopped' "$THULE" log
assert_match stopped "$("$THULE" cluster status)" "status after commands that needed it"
"$THULE" cluster start >/dev/null
works "after a stop and a start"

postmaster=$(head -n 1 "$(private_data)/postmaster.pid")
kill -KILL "$postmaster"
wait_until 60 process_gone "$postmaster" || fail "the killed server is still there"
"$THULE" cluster start >/dev/null
works "after the server was killed"

if [[ $(id -u) == 0 ]]; then
	assert_fails 'denied|authentication|belongs' as_user 65534 "$THULE" sql -c 'select 1'
fi

# A home that is mistyped is no new filesystem.
assert_fails 'no directory .*is it mistyped' env THULE_HOME="$CASE_DIR/mistyped/home" "$THULE" mount "$MNT"
[[ ! -e $CASE_DIR/mistyped ]] || fail "a mistyped home was made"

# An interrupted start leaves nothing that is taken for a cluster.
home=$CASE_DIR/interrupted
started+=("$home")
THULE_HOME=$home "$THULE" cluster start >/dev/null 2>&1 &
half=$!
unfinished() {
	[[ -n $(find "$home" -path '*/data.new.*/*' -print -quit 2>/dev/null) ]]
}
wait_until 60 unfinished || fail "the first start made no unfinished data folder"
kill -KILL $half
wait $half 2>/dev/null || true
start_in "$home" >/dev/null
THULE_HOME=$home works "after an interrupted start"
assert_eq "" "$(find "$home" -maxdepth 1 -name 'data.new*')" "what the interrupted start left"

# A socket's address has 107 bytes, and libpq takes commas for itself.
for name in "it's a home" 'with,comma' "$(printf 'x%.0s' {1..120})"; do
	start_in "$CASE_DIR/$name" >/dev/null
	THULE_HOME=$CASE_DIR/$name works "in a home called $name"
done
