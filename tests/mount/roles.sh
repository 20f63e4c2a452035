#!/usr/bin/env bash
# Roles with few rights, and a standby: mount says what is missing and which grant helps; the past can be mounted, and
# what only reads works, for a role that may merely read, and on a server that takes no changes.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

role=role_$$
owned=$THULE_SOURCE
as_role=${THULE_SOURCE/\/\/$PGUSER@/\/\/$role@}
standby=$CASE_DIR/standby
as=()
if [[ $(id -u) == 0 ]]; then
	as=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
fi
admin() {
	psql -Xq -v ON_ERROR_STOP=1 -d "$owned" -c "$1"
}
# shellcheck disable=SC2317 # the trap calls it
clean() {
	fusermount3 -uzq "$CASE_DIR/past" || true
	[[ ! -f $standby/data/postmaster.pid ]] || "${as[@]}" "$PG_BIN/pg_ctl" stop -s -m immediate -D "$standby/data" || true
	! is_mounted || umount_fs
	[[ ! -d $CASE_DIR/primary/data ]] || THULE_TEST_CLUSTER=$CASE_DIR/primary "$LIB/cluster" stop
	admin "drop owned by $role" && admin "drop role $role"
}
admin "create role $role login"
trap clean EXIT
mkdir "$CASE_DIR/past"

refused() { # REGEX [OPTIONS]
	assert_fails "$1" "$THULEFS" "$as_role" "$MNT" -f ${2:+-o "$2"}
}

# What is missing, one after the other, and what helps.
refused "may not make a schema.*grant create on database"
mount_fs
echo one >"$MNT/file"
sync_fs
op=$(sql 'select max(op) from thule.op')
echo two >"$MNT/file"
umount_fs
refused "may not use schema thule.*grant usage on schema thule to $role"
assert_fails "may not use schema thule.*grant usage" env THULE_DB="$as_role" "$THULE" log /file
admin "grant usage on schema thule to $role"
refused "may not read .* tables.*grant select on all tables in schema thule to $role"
assert_fails "may not read .* tables.*grant select" env THULE_DB="$as_role" "$THULE" log /file
admin "grant select on all tables in schema thule to $role"
refused "may not write .* tables.*grant select, insert, update, delete"

reads() { # SOURCE
	local THULE_DB=$1
	export THULE_DB
	grep -q /file <("$THULE" log) || fail "log"
	"$THULE" blame /file >/dev/null
	grep -q /file <("$THULE" diff "op:$op" now) || fail "diff"
	assert_eq one "$("$THULE" cat /file --at "op:$op")" "cat"
	"$THULE" stat /file --at "op:$op" >/dev/null
	assert_match " file$" "$("$THULE" ls / --at "op:$op")" "ls"
	"$THULE" tar / --at "op:$op" | tar t >/dev/null
	"$THULE" fsck >/dev/null
	"$THULE" snapshot list >/dev/null
	"$THULEFS" "$1" "$CASE_DIR/past" -o "at=op:$op" >/dev/null
	assert_eq one "$(<"$CASE_DIR/past/file")" "a mount of the past"
	"$THULE" status "$CASE_DIR/past" >/dev/null
	"$THULE" umount "$CASE_DIR/past"
	assert_fails 'permission denied|read-only|recovery' "$THULE" snapshot create name
}
reads "$as_role"

admin "grant insert, update, delete on all tables in schema thule to $role"
admin "revoke temporary on database \"$CASE_DB\" from public"
refused "temporary tables.*grant temporary on database"
admin "grant temporary on database \"$CASE_DB\" to $role"
admin "alter role $role set temp_file_limit = '1MB'"
refused "temporary files.*temp_file_limit"
admin "alter role $role reset temp_file_limit"
THULE_SOURCE=$as_role mount_fs
echo three >"$MNT/file"
"$THULE" undo --yes --since 1h "$MNT/file" >/dev/null || true
umount_fs

# A standby that follows a server of its own, because a copy of the shared one would be large.
primary=$CASE_DIR/primary
THULE_TEST_CLUSTER=$primary "$LIB/cluster" start
from="postgresql://postgres@/postgres?host=${primary//\//%2F}%2Fsocket"
THULE_SOURCE=$from mount_fs
echo one >"$MNT/file"
sync_fs
op=$(THULE_SOURCE=$from sql 'select max(op) from thule.op')
echo two >"$MNT/file"
umount_fs
psql -Xq -d "$from" -c "create role $role login; grant usage on schema thule to $role; grant select on all tables in schema thule to $role"
mkdir "$standby"
if [[ $(id -u) == 0 ]]; then
	chown postgres: "$standby"
fi
"${as[@]}" "$PG_BIN/pg_basebackup" -h "$primary/socket" -U postgres -D "$standby/data" -R --no-sync -c fast
"${as[@]}" "$PG_BIN/pg_ctl" start -s -w -D "$standby/data" -l "$standby/log" \
	-o "-c unix_socket_directories='$standby' -c hot_standby=on -c port=6544" || fail "standby: $(<"$standby/log")"
there="postgresql://postgres@/postgres?host=${standby//\//%2F}&port=6544"
reads "$there"
assert_fails 'standby.*primary.*at=' "$THULEFS" "$there" "$MNT" -f
reads "${there/\/\/postgres@/\/\/$role@}"
