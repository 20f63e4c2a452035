#!/usr/bin/env bash
# Uid 0 of a user namespace is not root, and a uid without a name is one like any other: the private PostgreSQL runs for
# both, and nobody but the owner gets into it. What cannot be done is said.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root
# The sanitizer has a thread of its own, and a process with threads gets no user namespace (unshare(2)).
[[ ${THULE_SANITIZED:-} != tsan ]] || skip "a process that ThreadSanitizer watches cannot make a user namespace"
owner=54321
getent passwd $owner >/dev/null && skip "uid $owner has a name here"
as_user $owner unshare --user --map-root-user true 2>/dev/null || skip "ordinary users may not make user namespaces here"
# Whoever may not open /dev/fuse cannot mount. Everybody may here, in a mount namespace of the case's own.
unshare --mount true 2>/dev/null || skip "no mount namespace can be made here, as in a chroot"
[[ ${IN_NAMESPACE:-} ]] || IN_NAMESPACE=yes exec unshare --mount "$0"
mkdir "$CASE_DIR/dev"
mount -t tmpfs dev "$CASE_DIR/dev"
mknod -m 666 "$CASE_DIR/dev/fuse" c 10 229
mount --bind "$CASE_DIR/dev/fuse" /dev/fuse
chmod 755 "$CASE_DIR"

as_owner() { # COMMAND...
	as_user $owner env -u THULE_DB -u PGUSER -u PGHOST -u PGPORT HOME="$THULE_HOME" "$@"
}

new_home() { # NAME
	export THULE_HOME=$CASE_DIR/$1 MNT=$CASE_DIR/$1/mnt
	mkdir "$THULE_HOME" "$MNT"
	chown $owner:$owner "$THULE_HOME" "$MNT"
}

# shellcheck disable=SC2317 # called by trap
stop_servers() {
	for THULE_HOME in "$CASE_DIR"/home-*; do
		[[ ! -e $THULE_HOME/data ]] || as_owner "$THULE" cluster stop >/dev/null
	done
}
trap stop_servers EXIT

new_home home-namespace
# shellcheck disable=SC2016 # expanded by the inner shell
out=$(as_owner unshare --user --map-root-user --mount bash -euc '
	"$THULE" mount "$MNT"
	echo one >"$MNT/file"
	chmod 4755 "$MNT/file"
	stat -c "%u %g %a" "$MNT/file"
	"$THULE" log "$MNT/file"
	"$THULE" fsck
	"$THULE" umount "$MNT"' 2>&1) || fail "in a user namespace: $out"
assert_match '0 0 4755' "$out" "what uid 0 of a user namespace made"
assert_match 'chmod .*/file' "$out" "its log"
assert_eq $owner "$(stat -c %u "/proc/$(head -n 1 "$THULE_HOME/data/postmaster.pid")")" "who runs the server"

# The same user has the same files outside of the namespace. Those who have the server's name there do not get in, even
# where the directory would let them.
assert_eq 1 "$(as_owner "$THULE" sql -XAtqc "select count(*) from thule.file where path = '/file'")" "files of the owner"
chmod 755 "$THULE_HOME"
chmod 777 "$THULE_HOME/socket"
for other in "$(id -u postgres)" 65534; do
	assert_fails 'peer authentication failed' as_user "$other" psql -h "$THULE_HOME/socket" -U thule thule -c 'select 1'
done

# fusermount3 mounts for users with a name alone; the server runs for all.
new_home home-nameless
assert_fails "uid $owner has no name" as_owner "$THULE" mount "$MNT"
assert_eq 1 "$(as_owner "$THULE" sql -XAtqc 'select 1')" "the server of a user without a name"

new_home home-refused
# shellcheck disable=SC2016 # expanded by the inner shell
assert_fails 'no user namespace can be made' as_owner unshare --user --map-root-user --mount bash -c '
	echo 0 >/proc/sys/user/max_user_namespaces
	"$THULE" mount "$MNT"'
