#!/usr/bin/env bash
# A network that drops everything in silence, as a firewall does that has forgotten a connection: the daemon notices,
# whether it has written something or not, takes its lease back from its own session of before, which the server still
# takes for alive, and each op is in the log once.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
need ip ss nsenter
server=thule-s-$$ client=thule-c-$$
export THULE_TEST_CLUSTER=$CASE_DIR.network
# shellcheck disable=SC2317 # called by trap
clean_up() {
	umount -l "$MNT" 2>/dev/null || true
	[[ ! -s $CASE_DIR/daemon.pid ]] || wait_until 5 daemon_gone || kill -KILL "$(daemon_pid)" 2>/dev/null || true
	"$LIB/cluster" stop || true
	ip netns del "$server" 2>/dev/null || true
	ip netns del "$client" 2>/dev/null || true
}
trap clean_up EXIT
ip netns add "$server" 2>/dev/null || skip "no network namespace can be made here"
ip netns add "$client"
ip link add vs netns "$server" type veth peer name vc netns "$client" 2>/dev/null || skip "no veth can be made here"
ip -n "$server" addr add 192.0.2.1/24 dev vs
ip -n "$client" addr add 192.0.2.2/24 dev vc
ip -n "$server" link set vs up
ip -n "$client" link set vc up
# Only the network is another: files and mounts are those of everybody.
in_network() { # NAMESPACE COMMAND...
	local name=$1
	shift
	nsenter --net="/run/netns/$name" -- "$@"
}
silence() {
	ip -n "$server" link set vs down
}
sound() {
	ip -n "$server" link set vs up
}

"$LIB/cluster" start
data=$THULE_TEST_CLUSTER/data
echo "listen_addresses = '192.0.2.1'" >>"$data/postgresql.conf"
echo 'host all all 192.0.2.0/24 trust' >>"$data/pg_hba.conf"
PGHOST=$THULE_TEST_CLUSTER/socket PGUSER=postgres
export PGHOST PGUSER
in_network "$server" setpriv --reuid=postgres --regid=postgres --init-groups -- \
	"$PG_BIN/pg_ctl" -D "$data" -s -w -m fast -l "$data/server.log" restart
createdb thule
database() { # QUERY
	psql -XAtq -d thule -c "$1"
}
lease_holder() {
	database 'select thule.lease_holder()'
}
mount_there() { # OPTIONS-OF-THE-URI
	THULE_SOURCE="postgresql://postgres@192.0.2.1/thule?sslmode=disable$1" THULEFS=nsenter-thulefs mount_fs
}
mkdir "$CASE_DIR/bin"
printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s -- "%s" "$@"\n' "$client" "$THULEFS" >"$CASE_DIR/bin/nsenter-thulefs"
chmod +x "$CASE_DIR/bin/nsenter-thulefs"
PATH=$CASE_DIR/bin:$PATH

# Without a word of the user's, none of its connections waits for hours.
mount_there ''
timers=$(in_network "$client" ss -Htno state established)
[[ -n $timers ]] || fail "the daemon has no connections"
! grep -vE 'timer:\((keepalive,([0-9]+sec|[0-9.]+ms)|on,)' <<<"$timers" || fail "connections that wait for hours: $timers"
umount_fs

# With the user's own.
mount_there '&keepalives_idle=1&keepalives_interval=1&keepalives_count=2&tcp_user_timeout=3000&connect_timeout=2'
lost_times() { # COUNT
	[[ $(grep -c "holds the filesystem's lease is lost" "$CASE_DIR/daemon.log") == "$1" ]]
}
held_by_another() { # PID
	local now
	now=$(lease_holder)
	[[ -n $now && $now != "$1" ]]
}
echo one >"$MNT/one"
sync_fs
old=$(lease_holder)
silence
wait_until 60 lost_times 1 || fail "an idle daemon does not notice that its network is silent"
assert_eq "$old" "$(lease_holder)" "who has the lease for the server"
sound
wait_until 60 held_by_another "$old" || fail "the lease is not taken back from the session of before"

# What is open takes changes before the daemon has noticed; what has to be looked up waits.
old=$(lease_holder)
exec 4>>"$MNT/one"
echo two >&4
sync_fs
silence
echo three >&4
exec 4>&-
for i in 1 2 3; do
	echo "$i" >"$MNT/$i" &
done
wait_until 60 lost_times 2 || fail "a daemon that writes does not notice that its network is silent"
sync "$MNT/one" &
syncing=$!
sound
wait_until 60 held_by_another "$old" || fail "the lease is not taken back"
wait "$syncing" || fail "fsync after the silence"
wait
sync_fs
assert_eq $'/1|1\n/2|1\n/3|1\n/one|1' \
	"$(database "select path, count(*) from thule.change where kind = 'create' group by 1 order by 1")" "ops in the log"
assert_eq "1 2 3" "$(cat "$MNT/1" "$MNT/2" "$MNT/3" | tr '\n' ' ' | sed 's/ $//')" "content"
assert_eq $'one\ntwo\nthree' "$(<"$MNT/one")" "what was written in the silence"
assert_eq "" "$(database 'select * from thule.fsck limit 20')" "rows of thule.fsck"
grep 'is lost; changes wait' "$CASE_DIR/daemon.log" | tail -n 1 | grep -q batch || fail "the second loss was no batch's: $(<"$CASE_DIR/daemon.log")"
umount_fs
# The database was another than the one that run-case made.
rm "$CASE_DIR/daemon.pid" "$CASE_DIR/daemon.status"
