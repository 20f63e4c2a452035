#!/usr/bin/env bash
# Limits of the shell that mounts (ulimit -S) are not those of what stays: the daemon, its keeper and the private server. One that
# nobody but root can lift, of CPU time, is told.
# mount: no
# db: private
# shellcheck disable=SC2016 # what inner shells expand
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

GIB=$((1 << 20)) # in the units of ulimit -v
# A sanitizer reserves terabytes, which no limit of addresses or of data would leave.
ADDRESSES=$((64 * GIB))
[[ ! ${THULE_SANITIZED:-} ]] || ADDRESSES=unlimited

stays() { # all processes of the mount and of its server
	local postmaster
	postmaster=$(head -n 1 "$(private_data)/postmaster.pid")
	pgrep -f "^$THULEFS .*$MNT" || return
	echo "$postmaster"
	cat "/proc/$postmaster/task/$postmaster/children"
}

check_limits() { # OPTIONS
	local pid pids name limits
	pids=$(stays) || fail "no daemon, with $1"
	for pid in $pids; do
		limits=$(cat "/proc/$pid/limits" 2>/dev/null) || continue # it has ended since
		for name in 'cpu time' 'address space' 'data size' 'file size' 'processes'; do
			awk -v name="Max $name" -v pid="$pid" 'index($0, name) == 1 {
				$0 = substr($0, length(name) + 1)
				if ($1 != $2) { print "process " pid ", " name ": " $1 " of " $2; exit 1 }
			}' <<<"$limits" || fail "a limit of the shell, with $1"
		done
	done
}

all=(defaults)
sends_again && all+=(keeper)
for options in "${all[@]}"; do
	bash -c "ulimit -S -t 3000; ulimit -S -v $ADDRESSES; ulimit -S -d $ADDRESSES; ulimit -S -f $((64 * GIB)); ulimit -S -u 20000"'; exec "$@"' \
		bash "$THULE" mount "$MNT" -o "$options" 2>"$CASE_DIR/said"
	grep -q 'CPU time' "$CASE_DIR/said" && fail "it says that the mount ends: $(<"$CASE_DIR/said")"
	check_limits "$options"
	"$THULE" umount "$MNT"
done

bash -c 'ulimit -t 3000 && exec "$@"' bash "$THULE" mount "$MNT" 2>"$CASE_DIR/said"
assert_match 'the mount ends when its daemon has used 3000 s of CPU time' "$(<"$CASE_DIR/said")" "what is said of a limit"
"$THULE" umount "$MNT"
