#!/usr/bin/env bash
# A private PostgreSQL that cannot be made or started: the message names the place and says what to do, and what
# was there is left alone.
# db: private
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

refused() { # REGEX HOME
	THULE_HOME=$2 assert_fails "$1" timeout 120 "$THULE" cluster start
}

: >"$CASE_DIR/file"
refused "$CASE_DIR/file.*set THULE_HOME" "$CASE_DIR/file"
refused "$CASE_DIR/file.*set THULE_HOME" "$CASE_DIR/file/below"
refused 'THULE_HOME may contain no' "$CASE_DIR/\$(id)"
refused 'THULE_HOME may contain no' "$CASE_DIR/"$'new\nline'

# A data folder that is not one.
mkdir -p "$CASE_DIR/foreign/data"
if [[ $(id -u) == 0 ]]; then
	refused 'belongs to root' "$CASE_DIR/foreign"
	chown postgres "$CASE_DIR/foreign/data"
fi
refused 'not a data directory' "$CASE_DIR/foreign"
[[ -z $(ls "$CASE_DIR/foreign/data") ]] || fail "something was put into a folder that is not ours"

# The server's own words come through.
"$THULE" cluster start >/dev/null
"$THULE" cluster stop >/dev/null
echo 'nonsense = 1' >>"$(private_data)/postgresql.conf"
refused 'nonsense' "$THULE_HOME"
sed -i '$d' "$(private_data)/postgresql.conf"
"$THULE" cluster start >/dev/null || fail "it does not start after the mistake was taken back"
"$THULE" cluster stop >/dev/null

[[ $(id -u) == 0 ]] || exit 0

# Root's server runs as somebody else, who has to get there.
mkdir -m 700 "$CASE_DIR/closed"
refused "postgres, who may not enter $CASE_DIR/closed" "$CASE_DIR/closed/home"
THULE_HOME=$CASE_DIR/closed assert_fails "$CASE_DIR/closed.*set THULE_HOME" as_user 65534 "$THULE" cluster start
assert_fails 'belongs to postgres' as_user 65534 "$THULE" cluster start

mkdir "$CASE_DIR/tiny"
mount -t tmpfs -o size=16m,mode=755 tmpfs "$CASE_DIR/tiny"
trap 'umount "$CASE_DIR/tiny"' EXIT
refused "needs 300 MB in $CASE_DIR/tiny, and 16 MB are free" "$CASE_DIR/tiny"
[[ ! -e $CASE_DIR/tiny/data ]] || fail "a cluster was begun where there is no room for it"
