#!/usr/bin/env bash
# Times without a zone are read in that of who mounted, in .thule/at and -o at, and of who asks, in commands; wherever
# the server is.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

unset PGTZ
psql -Xq -d "$THULE_SOURCE" -c "do \$\$ begin
	execute format('alter database %I set timezone to utc', current_database()); end \$\$"
TZ=Asia/Tokyo mount_fs

echo one >"$MNT/file"
sync_fs
then=$(sql 'select floor(extract(epoch from max(at)) * 1000000 + 1) from thule.op')
echo two >"$MNT/file"
local_then() { # ZONE
	TZ=$1 date -d "@${then%??????}.${then: -6}" '+%F %T.%6N'
}
tokyo=$(local_then Asia/Tokyo)
adak=$(local_then America/Adak)

assert_eq one "$(<"$MNT/.thule/at/$tokyo/file")" "in the mount, in the zone of the mount"
assert_fails 'no such' cat "$MNT/.thule/at/$adak/file"
assert_eq one "$(TZ=Asia/Tokyo "$THULE" cat "$MNT/file" --at "$tokyo")" "by a command in the same zone"
assert_eq one "$(TZ=America/Adak "$THULE" cat "$MNT/file" --at "$adak")" "by a command in another zone"
assert_eq one "$(TZ=:America/Adak "$THULE" cat "$MNT/file" --at "$adak")" "as tzset(3) also takes it"
assert_eq one "$(TZ=/usr/share/zoneinfo/America/Adak "$THULE" cat "$MNT/file" --at "$adak")" "by the path of a zone"
assert_eq one "$(TZ=HST+10 "$THULE" cat "$MNT/file" --at "$(local_then HST+10)")" "by its offset"
assert_eq one "$(TZ=Asia/Tokyo PGTZ=America/Adak "$THULE" cat "$MNT/file" --at "$adak")" "PGTZ before TZ"
TZ=Not/There "$THULE" cat "$MNT/file" --at now >/dev/null || fail "a zone that the server does not know"

in_sql() { # ZONE QUERY
	(cd "$MNT" && TZ=$1 "$THULE" sql -XAtc "$2")
}
assert_eq one "$(in_sql America/Adak "select convert_from(thule.content('/file', '$adak'), 'UTF8')")" "by SQL"
assert_eq 1 "$(in_sql Not/There 'select 1')" "by SQL in a zone that the server does not know"

TZ=America/Adak "$THULE" restore "$MNT/file" --at "$adak" >/dev/null
assert_eq one "$(<"$MNT/file")" "restored, by a command in another zone than the mount's"

mkdir "$CASE_DIR/past"
TZ=America/Adak "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/past" -o "at=$adak" >/dev/null
assert_eq one "$(<"$CASE_DIR/past/file")" "a mount of the past"
"$THULE" umount "$CASE_DIR/past"
assert_fails 'in the future' env TZ=America/Adak "$THULEFS" "$THULE_SOURCE" "$CASE_DIR/past" -o "at=$tokyo"
