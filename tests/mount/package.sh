#!/usr/bin/env bash
# The Debian package in a Debian 12 that has nothing of this project, in namespaces of its own: lintian, installing, `mount -a`
# by a line of fstab, the host going down as systemd does it, upgrade under a live mount with open files, removing, purging.
# mount: no
# labels: long
# lock: install
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
need cpack dpkg-deb lintian man
unshare --mount true 2>/dev/null || skip "no mount namespace can be made here, as in a chroot"
build=$(dirname "$(dirname "$THULE")")
# shellcheck disable=SC2046 # words
lower=$("$LIB/debian-root" "$build" $("$LIB/../../tools/packages" --list run) procps) || exit

package() { # VERSION: makes it; its file is in $deb
	(cd "$build" && cpack -R "$1" -B "$CASE_DIR/cpack") >"$CASE_DIR/cpack.log" 2>&1 || fail "cpack: $(<"$CASE_DIR/cpack.log")"
	deb=$CASE_DIR/thulefs_$1-1_$(dpkg --print-architecture).deb
	mv "$CASE_DIR/cpack/${deb##*/}" "$deb"
	rm -rf "$CASE_DIR/cpack"
}

version=$("$THULE" --version)
version=${version##* }
package "$version.1"
newer=$deb
package "$version"
lintian --fail-on error,warning "$deb" >"$CASE_DIR/lintian.log" 2>&1 || fail "lintian: $(<"$CASE_DIR/lintian.log")"

root=$CASE_DIR/root
mkdir "$root" "$CASE_DIR/upper" "$CASE_DIR/work"
init=
pid=
# shellcheck disable=SC2317 # called by trap
leave() {
	[[ -z $init ]] || kill -KILL "$init" 2>/dev/null || true
	wait
	umount -l "$root" 2>/dev/null || true
}
trap leave EXIT
mount -t overlay -o "lowerdir=$lower,upperdir=$CASE_DIR/upper,workdir=$CASE_DIR/work" thule "$root" 2>/dev/null ||
	cp -a --reflink=auto "$lower/." "$root/"
mkdir -p "$root/srv/files" "$root/packages"
cp "$newer" "$deb" "$root/packages/"
echo 'private /srv/files fuse.thulefs defaults 0 0' >"$root/etc/fstab"

# What the host is while it is up: memory for /run, devices, and a first process that waits for orphans.
cat >"$CASE_DIR/boot" <<'BOOT'
set -eu
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 dev dev
for node in 'null 1 3' 'zero 1 5' 'random 1 8' 'urandom 1 9' 'fuse 10 229'; do
	mknod -m 666 "dev/${node%% *}" c ${node#* }
done
mkdir dev/shm
mount -t tmpfs shm dev/shm
mount -t tmpfs -o mode=755 run run
hostname "$hostname"
exec chroot . /bin/sh -c 'touch /run/up; while :; do sleep 0.1; done'
BOOT

boot() { # its first process is in $pid
	root=$root hostname=packaged unshare --mount --pid --uts --ipc --kill-child --fork bash "$CASE_DIR/boot" \
		>"$CASE_DIR/boot.log" 2>&1 </dev/null &
	init=$!
	wait_until 60 is_up || fail "it does not start: $(<"$CASE_DIR/boot.log")"
}

is_up() {
	pid=$(pgrep -P "$init") && inside test -e /run/up 2>/dev/null
}

inside() { # COMMAND...: as root there, with an environment of its own
	nsenter --target "$pid" --mount --pid --uts --ipc --root --wd env -i "PATH=/usr/sbin:/usr/bin:/sbin:/bin" \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# systemd stops units first, the mount and then its server, and sends SIGTERM to what is left.
go_down() {
	# With -c, umount(8) finds our helper by /proc/self/mountinfo. The server still runs.
	inside umount -c /srv/files || fail "umount: $?"
	assert_eq "" "$(inside pgrep -x thulefs || true)" "daemons once systemd has unmounted"
	assert_match 'no journals' "$(inside thule journal list 2>&1)" "the journals when the host goes down"
	inside sh -c 'kill -TERM -1'
	wait_until 60 alone || fail "still there after SIGTERM: $(inside ps ax 2>&1)"
	kill -KILL "$init"
	wait "$init" 2>/dev/null || true
	init=
	assert_match 'shut down$' "$(chroot "$root" /usr/lib/postgresql/15/bin/pg_controldata -D /var/lib/thule/data |
		grep 'cluster state')" "the server"
}

alone() {
	local status=0
	inside pgrep -v -x 'sh|sleep' >/dev/null || status=$?
	[[ $status == 1 ]]
}

content() { # FILE CONTENT
	assert_eq "$2" "$(inside cat "/srv/files/$1")" "$1"
}

quietly() { # COMMAND...: what it says is in said
	inside "$@" >"$CASE_DIR/said" 2>&1 || fail "$* said: $(<"$CASE_DIR/said")"
}

# Installing starts nothing; the line of fstab is mounted by mount(8) alone.
boot
inside sh -c '! command -v thule && ! command -v thulefs && ! ls /sbin/*mount.fuse.thulefs 2>/dev/null' >/dev/null ||
	fail "the root has something of the project"
quietly dpkg --install "/packages/${deb##*/}"
assert_eq "" "$(inside pgrep 'thule|postgres' || true)" "processes after it was installed"
assert_eq "thule $version" "$(inside thule --version)" "its version"
# The pages about one command, about the schema, and about what to do when something breaks; and completion.
for page in thule thule-log thulefs thulefs-sql thulefs-recovery; do
	man -M "$root/usr/share/man" -w "$page" >/dev/null || fail "the package has no page $page"
done
inside test -s /usr/share/bash-completion/completions/thule -a -s /usr/share/zsh/vendor-completions/_thule || fail "the package has no completion"
quietly mount --all
# The namespace is no host's; that is said, and no more.
assert_eq "" "$(grep -v "not the host's pid namespace" "$CASE_DIR/said" || true)" "what mount --all says"
quietly sh -c 'cd /srv/files && echo hello >greeting && mkdir -p a/b && cp -r /usr/share/doc/tzdata a/b/ && mv a/b a/c'
sum=$(inside sh -c 'cd /srv/files && find . -type f | sort | xargs cksum' | cksum)
assert_match '/usr/bin/dash' "$(inside thule log /srv/files/greeting)" "who wrote it"
assert_match 'fuse.thulefs' "$(inside /usr/share/bug/thulefs/script 3>&-)" "what a report of a bug says"
go_down

# The host starts, and all is there.
boot
quietly mount --all
content greeting hello
assert_eq "$sum" "$(inside sh -c 'cd /srv/files && find . -type f | sort | xargs cksum' | cksum)" "all files"
quietly thule fsck

# Upgrading under a mount with a file open: who has it writes on, and the new command talks to the old daemon.
inside sh -c 'exec 3>/srv/files/open && echo before >&3 && touch /run/open && while ! [ -e /run/go ]; do sleep 0.1; done; echo after >&3' &
writer=$!
wait_until 60 inside test -e /run/open
daemon=$(inside pgrep -x thulefs)
quietly dpkg --install "/packages/${newer##*/}"
assert_match "process $daemon .* serves its mount with the version before" "$(<"$CASE_DIR/said")" "what the upgrade says"
assert_match '\(deleted\)$' "$(inside readlink "/proc/$daemon/exe")" "the program of the daemon"
assert_eq "$daemon" "$(inside pgrep -x thulefs)" "the daemon after the upgrade"
inside touch /run/go
wait "$writer" || fail "who had a file open got an error"
content open $'before\nafter'
quietly sh -c 'echo more >>/srv/files/greeting'
assert_match 'write' "$(inside thule log /srv/files/greeting)" "the log, asked by the new command"
quietly thule status /srv/files
quietly thule umount /srv/files
quietly mount --all
content greeting $'hello\nmore'
[[ $(inside readlink "/proc/$(inside pgrep -x thulefs)/exe") == /usr/bin/thulefs ]] || fail "the daemon is not the new one"

# Removing is refused while somebody uses a mount, and takes nothing then.
inside sh -c 'exec 3</srv/files/greeting && touch /run/reading && while ! [ -e /run/read ]; do sleep 0.1; done' &
reader=$!
wait_until 60 inside test -e /run/reading
status=0
inside dpkg --remove thulefs >"$CASE_DIR/said" 2>&1 || status=$?
[[ $status != 0 ]] || fail "a mount that is in use was taken away: $(<"$CASE_DIR/said")"
assert_match '/srv/files .*in use' "$(<"$CASE_DIR/said")" "what it says"
# shellcheck disable=SC2016 # dpkg-query expands it
assert_match '^.i' "$(inside dpkg-query -W -f '${db:Status-Abbrev}' thulefs)" "its status"
content greeting $'hello\nmore'
inside touch /run/read
wait "$reader" || fail "who had a file open got an error"
quietly dpkg --remove thulefs
assert_eq "" "$(inside pgrep 'thule|postgres' || true)" "processes after it was removed"
assert_eq "" "$(inside grep fuse.thulefs /proc/mounts || true)" "mounts after it was removed"
inside test -e /sbin/mount.fuse.thulefs && fail "the helper is left"
inside dpkg --purge thulefs >"$CASE_DIR/said" 2>&1 || fail "purge: $(<"$CASE_DIR/said")"
assert_match '/var/lib/thule is kept' "$(<"$CASE_DIR/said")" "what purge says"

# Nobody has lost anything.
quietly dpkg --install "/packages/${deb##*/}"
quietly mount --all
content greeting $'hello\nmore'
quietly thule fsck
go_down
