#!/usr/bin/env bash
# The daemon in a container, made by hand as docker/ describes it: a debootstrapped root with the packages of the image,
# namespaces, Docker's capabilities and CAP_SYS_ADMIN, 64 MiB of /dev/shm, neither systemd nor a passwd file. The host and a second
# container see its mount by propagation.
# mount: no
# labels: long
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
need docker-compose
unshare --mount true 2>/dev/null || skip "no mount namespace can be made here, as in a chroot"
docker=$LIB/../../docker

PGPASSWORD=secret docker-compose -f "$docker/compose.yaml" config >"$CASE_DIR/config" || fail "compose.yaml"
grep -q 'propagation: rslave' "$CASE_DIR/config" || fail "the second service has no propagation: $(<"$CASE_DIR/config")"
assert_fails 'PGPASSWORD' env -u PGPASSWORD docker-compose -f "$docker/compose.yaml" config

root=$CASE_DIR/root
volume=$CASE_DIR/volume
# shellcheck disable=SC2046 # words
made=$("$LIB/debian-root" "$(dirname "$(dirname "$THULE")")" $("$LIB/../../tools/packages" --list daemon)) || exit
cp -a --reflink=auto "$made" "$root"
cp "$THULE" "$THULEFS" "$root/usr/local/bin/"
rm -f "$root/etc/passwd" "$root/etc/group"
mkdir -p "$root/srv/files" "$volume"

# What is mounted below is of the namespaces alone, but for what is mounted on the volume.
mount --bind "$root" "$root"
mount --make-private "$root"
mount --bind "$volume" "$volume"
mount --make-shared "$volume"
# shellcheck disable=SC2317 # called by trap
leave() {
	kill -KILL "${containers[@]}" 2>/dev/null || true
	wait
	umount -l "$volume" 2>/dev/null || true
	umount -l "$volume" 2>/dev/null || true
	umount -l "$root" 2>/dev/null || true
}
containers=()
trap leave EXIT

capabilities=-all
for name in chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill \
	audit_write sys_admin; do
	capabilities+=,+$name
done
export root volume capabilities
cat >"$CASE_DIR/enter" <<'ENTER'
set -eu
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in 'null 1 3' 'zero 1 5' 'random 1 8' 'urandom 1 9' 'fuse 10 229'; do
	mknod -m 666 "$root/dev/${node%% *}" c ${node#* }
done
mkdir "$root/dev/shm"
mount -t tmpfs -o size=64m shm "$root/dev/shm"
mkdir -p "$root/run/postgresql"
mount --bind "$PGHOST" "$root/run/postgresql"
mount --bind "$volume" "$root/srv/files"
mount "--make-$propagation" "$root/srv/files"
hostname "$hostname"
exec chroot "$root" setpriv "--bounding-set=$capabilities" env -i "PATH=$PATH" \
	"THULE_DB=postgresql://$PGUSER@/$CASE_DB?host=/run/postgresql" "$@"
ENTER

container() { # NAME PROPAGATION NAMESPACES COMMAND...; its first process is in $pid
	# shellcheck disable=SC2086 # none, or one more word
	hostname=$1 propagation=$2 unshare --mount --propagation unchanged --ipc --uts $3 --kill-child --fork \
		bash "$CASE_DIR/enter" "${@:4}" >"$CASE_DIR/$1.log" 2>&1 </dev/null &
	containers+=($!)
	wait_until 60 has_child $! || fail "$1: $(<"$CASE_DIR/$1.log")"
}

# The newest container ends. unshare(1) itself heeds no SIGTERM.
end_container() {
	kill -KILL "${containers[-1]}"
	wait "${containers[-1]}" || true
	unset 'containers[-1]'
}

has_child() {
	pid=$(pgrep -P "$1")
}

mounted_on_volume() {
	[[ $(findmnt -no FSTYPE --mountpoint "$volume" | tail -n 1) == fuse.thulefs ]]
}

mounted_or_ended() {
	mounted_on_volume || ! kill -0 "$1" 2>/dev/null
}

not_mounted_on_volume() {
	! mounted_on_volume
}

inside() { # PID COMMAND...: as docker exec
	nsenter --target "$1" --mount --pid --root --wd=/ env -i "PATH=$PATH" THULE_DB="$db" "${@:2}"
}
db="postgresql://$PGUSER@/$CASE_DB?host=/run/postgresql"

start_daemon() { # NAME NAMESPACES
	container "$1" shared "$2" thule mount --foreground /srv/files
	daemon=$pid
	wait_until 60 mounted_or_ended "${containers[-1]}" || fail "nothing is mounted on the volume: $(<"$CASE_DIR/$1.log")"
	mounted_on_volume || fail "$1 ended: $(<"$CASE_DIR/$1.log")"
}

stop_daemon() {
	kill -TERM "$daemon"
	wait "${containers[-1]}" || fail "it ended with $?: $(cat "$CASE_DIR"/*.log)"
	wait_until 60 not_mounted_on_volume || fail "the host still has the mount"
}

# One that has a pid namespace of its own: said at once, and all but pid and program is known.
start_daemon alone --pid
grep -q "not the host's pid namespace" "$CASE_DIR/alone.log" || fail "it does not say what is lost: $(<"$CASE_DIR/alone.log")"
echo host >"$volume/by-host"
container reader slave --pid sh -c 'cat /srv/files/by-host; echo second >/srv/files/by-reader; sleep 600'
wait_until 60 grep -q host "$CASE_DIR/reader.log" || fail "the second container does not see the mount: $(<"$CASE_DIR/reader.log")"
wait_until 60 test -s "$volume/by-reader"
end_container
out=$(inside "$daemon" thule log /srv/files/by-host --json)
assert_eq ' ' "$(jq -r '.[0].exe + " " + .[0].comm' <<<"$out")" "the program of a process that the daemon cannot see: $out"
assert_eq 0 "$(jq '.[0].uid' <<<"$out")" "its user: $out"
chown 4242 "$volume/by-host"
setpriv --reuid=4242 --clear-groups sh -c "echo more >>'$volume/by-host'"
inside "$daemon" thule undo --user 4242 /srv/files/by-host >/dev/null || fail "undo by a uid without a name"
assert_eq host "$(<"$volume/by-host")" "what is left after it"
inside "$daemon" thule fsck
inside "$daemon" thule status /srv/files >/dev/null || fail "what the health check calls"
stop_daemon
assert_eq 2 "$(sql "select count(*) from thule.file where path like '/by-%'")" "files in the database"

# With the host's, the log names the programs of other containers.
start_daemon host-pids ''
container writer slave --pid sh -c 'echo third >/srv/files/by-writer; sleep 600'
wait_until 60 test -s "$volume/by-writer"
out=$(inside "$daemon" thule log /srv/files/by-writer --json)
assert_match '/dash$' "$(jq -r '.[0].exe' <<<"$out")" "the program in the other container: $out"
end_container

# A container that is killed: the next one, with the same volume for the journal, loses nothing.
echo kept >"$volume/last"
end_container
fusermount3 -uz "$volume"
start_daemon again --pid
assert_eq kept "$(<"$volume/last")" "what was written before the container was killed"
stop_daemon
fsck
