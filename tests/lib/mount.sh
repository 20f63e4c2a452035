# shellcheck shell=bash
# Helpers of mounted cases. run-case sets the environment:
#   MNT           the mount point; mounted when the case starts unless it says "# mount: no"
#   CASE_DIR      private scratch on the host's filesystem
#   THULE_SOURCE  what is mounted: `private` or a connection URI
#   THULE THULEFS the programs
set -euo pipefail

LIB=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# The private PostgreSQL's own programs are asked for by pg_ctl alone.
PG_BIN=${PG_BIN:-/usr/lib/postgresql/15/bin}

fail() {
	echo "FAILED at ${BASH_SOURCE[-1]##*/}:${BASH_LINENO[-2]:-?}: $*" >&2
	exit 1
}

skip() {
	echo "skipped: $*" >&2
	exit 77
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

need_root() {
	[[ $(id -u) == 0 ]] || skip "needs root"
}

# The kernel sends again what a daemon that died had not answered, which a keeper needs: Linux 6.9.
sends_again() {
	local major minor
	IFS=. read -r major minor _ <<<"$(uname -r)"
	((major > 6 || (major == 6 && minor >= 9)))
}

assert_eq() { # EXPECTED ACTUAL WHAT
	[[ $1 == "$2" ]] || fail "$3: expected '$1', got '$2'"
}

assert_match() { # EXTENDED-REGEX TEXT WHAT
	[[ $2 =~ $1 ]] || fail "$3: '$2' does not match '$1'"
}

# The command must fail and say something that matches.
assert_fails() { # EXTENDED-REGEX COMMAND...
	local pattern=$1 out status=0
	shift
	out=$("$@" 2>&1) || status=$?
	[[ $status != 0 ]] || fail "'$*' succeeded, expected it to fail with '$pattern'"
	grep -Eqi -- "$pattern" <<<"$out" || fail "'$*' said '$out', expected '$pattern'"
}

# Polls a condition; the only place of the mounted tests that sleeps.
wait_until() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.02
	done
}

stands_still() { # PID
	local status=0
	grep -qs '^State:[[:space:]]*[^[:space:]TtZX]' /proc/"$1"/task/*/status || status=$?
	[[ $status == 1 ]] # 2: a thread has just ended
}

# Stands still when this returns: of a process that was sent the signal, one thread stops the others when it gets a CPU, and they run until then.
stop_process() { # PID
	kill -STOP "$1"
	wait_until 60 stands_still "$1" || fail "process $1 does not stand still"
}

# Runs one query, or several commands; unaligned tuples on stdout.
sql() { # QUERY [psql arguments]
	local query=$1
	shift
	if [[ $THULE_SOURCE == private ]]; then
		"$THULE" sql -XAtq -v ON_ERROR_STOP=1 "$@" -c "$query"
	else
		psql -XAtq -v ON_ERROR_STOP=1 -d "$THULE_SOURCE" "$@" -c "$query"
	fi
}

is_mounted() {
	awk -v dir="$MNT" '$2 == dir {found = 1} END {exit !found}' /proc/mounts
}

# The kernel's folder of the connection, found without touching the mount, which may hang. Root makes it appear.
connection_control() {
	local id
	id=$(awk -v dir="$MNT" '$5 == dir {sub(".*:", "", $3); print $3}' /proc/self/mountinfo | tail -n 1)
	[[ -n $id ]] || return 0
	if [[ ! -e /sys/fs/fuse/connections/$id && $(id -u) == 0 ]]; then
		mount -t fusectl fusectl /sys/fs/fuse/connections 2>/dev/null || true
	fi
	echo "/sys/fs/fuse/connections/$id"
}

daemon_pid() {
	cat "$CASE_DIR/daemon.pid"
}

daemon_gone() {
	[[ -s $CASE_DIR/daemon.status ]]
}

# Also when nobody has asked for its exit status yet, which may take a container's init a while.
process_gone() { # PID
	[[ ! -e /proc/$1/stat || $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == Z* ]]
}

# The daemon has said that it is mounted, after which it answers everything, or is gone. The kernel shows the mount earlier.
mounted_or_gone() { # SIZE-OF-THE-LOG-BEFORE
	tail -c "+$(($1 + 1))" "$CASE_DIR/daemon.log" | grep -qF "$MNT mounted: " || daemon_gone
}

# Mounts in the foreground mode, so that the daemon's pid, log and exit status are at hand.
mount_fs() {
	local opts=${THULE_TEST_OPTIONS:-} before
	before=$(stat -c %s "$CASE_DIR/daemon.log")
	if [[ ,$opts != *,transport=* ]]; then
		opts+=${opts:+,}transport=${THULE_TEST_TRANSPORT:-dev}
	fi
	rm -f "$CASE_DIR/daemon.pid" "$CASE_DIR/daemon.status"
	# In a session of its own, because what is left of a case's process group is killed.
	# shellcheck disable=SC2016 # expanded by the inner shell
	setsid bash -c '"${@:2}" >>"$1/daemon.log" 2>&1 </dev/null &
		echo $! >"$1/daemon.pid"
		wait $!
		echo $? >"$1/daemon.status"' supervisor "$CASE_DIR" "$THULEFS" "$THULE_SOURCE" "$MNT" -f ${opts:+-o "$opts"} \
		>/dev/null 2>&1 </dev/null &
	disown
	wait_until 120 mounted_or_gone "$before" || fail "thulefs did not mount within 120 s"
	is_mounted || fail "thulefs exited with $(<"$CASE_DIR/daemon.status"): $(tail -n 5 "$CASE_DIR/daemon.log")"
}

wait_daemon_gone() {
	wait_until 120 daemon_gone || fail "the daemon is still there after 120 s"
}

umount_fs() {
	local i
	# What has just exited may still hold the mount for a moment.
	for ((i = 0; ; i++)); do
		if fusermount3 -u "$MNT" 2>"$CASE_DIR/umount.err"; then
			break
		fi
		((i < 100)) || fail "umount: $(<"$CASE_DIR/umount.err")"
		sleep 0.05
	done
	wait_daemon_gone
	assert_eq 0 "$(<"$CASE_DIR/daemon.status")" "exit status of the daemon after umount"
}

remount_fs() {
	umount_fs
	mount_fs
}

# SIGKILL. The mount stays, and says ENOTCONN to everybody, until it is unmounted.
kill_only_daemon() {
	kill -KILL "$(daemon_pid)"
	wait_daemon_gone
}

# SIGKILL, and the dead mount is removed.
kill_daemon() {
	kill_only_daemon
	fusermount3 -uz "$MNT"
}

# Returns when everything before is committed: any fsync commits all.
sync_fs() {
	sync "$MNT"
}

# The data folder of this case's private PostgreSQL, or nothing.
private_data() {
	local conf
	conf=$(find "$THULE_HOME" -name postgresql.auto.conf -print -quit 2>/dev/null)
	[[ -z $conf ]] || dirname "$conf"
}

# pg_ctl on the private database of this case, as the user who owns it.
private_pg_ctl() { # ARGUMENTS
	local data
	data=$(private_data)
	[[ -n $data ]] || fail "no private database under $THULE_HOME"
	local ctl=("$PG_BIN/pg_ctl" -D "$data" -s -w -t 60 "$@")
	if [[ $(id -u) == 0 ]]; then
		ctl=(setpriv --reuid="$(stat -c %u "$data")" --regid="$(stat -c %g "$data")" --clear-groups -- "${ctl[@]}")
	fi
	(cd / && "${ctl[@]}" >"$CASE_DIR/pg_ctl.log" 2>&1)
}

stop_db() {
	private_pg_ctl stop -m fast || fail "pg_ctl stop: $(<"$CASE_DIR/pg_ctl.log")"
}

start_db() {
	private_pg_ctl start -l "$(private_data)/restart.log" || fail "pg_ctl start: $(<"$CASE_DIR/pg_ctl.log")"
}

restart_db() {
	stop_db
	start_db
}

# Everything that a copy of a tree must keep, one line per entry.
manifest() { # DIR
	"$LIB/manifest" "$1"
}

assert_same_tree() { # EXPECTED-MANIFEST DIR WHAT
	manifest "$2" >"$CASE_DIR/manifest.actual"
	cmp -s "$1" "$CASE_DIR/manifest.actual" || {
		diff "$1" "$CASE_DIR/manifest.actual" | head -n 20 >&2 || true
		fail "$3: the trees differ"
	}
}

# Fails with the violations unless the database is sound.
fsck() {
	local out
	out=$("$THULE" fsck 2>&1) || fail "thule fsck: $out"
}

as_user() { # UID COMMAND...
	local uid=$1
	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups -- "$@"
}

# Has mount(8) and umount(8) run the programs that are tested, also where others are installed. The case has `lock: mount-helper`, and a trap
# that calls restore_helpers.
declare -A installed_helper=()
use_helpers() {
	local name program
	for name in mount umount; do
		program=$THULE
		[[ $name == umount ]] || program=$THULEFS
		installed_helper[$name]=$(readlink "/sbin/$name.fuse.thulefs" || true)
		ln -sfn "$program" "/sbin/$name.fuse.thulefs" || skip "cannot make /sbin/$name.fuse.thulefs"
	done
}

restore_helpers() {
	local name
	for name in "${!installed_helper[@]}"; do
		if [[ -n ${installed_helper[$name]} ]]; then
			ln -sfn "${installed_helper[$name]}" "/sbin/$name.fuse.thulefs"
		else
			rm -f "/sbin/$name.fuse.thulefs"
		fi
	done
}
