#!/usr/bin/env bash
# -o home=DIR names the private server of a mount, as a line of fstab has to, whatever THULE_HOME says: two mounts of
# different servers are told apart by their source, and commands ask the right one.
# db: private
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

a=$CASE_DIR/a b=$CASE_DIR/b
mkdir "$CASE_DIR/one" "$CASE_DIR/two" "$CASE_DIR/none"

end() {
	for dir in one two; do
		"$THULE" umount "$CASE_DIR/$dir" >/dev/null 2>&1 || true
	done
	for home in "$a" "$b"; do
		THULE_HOME=$home "$THULE" cluster stop >/dev/null 2>&1 || true
	done
}
trap end EXIT

source_of() { # DIR
	awk -v dir="$1" '$2 == dir {print $1}' /proc/mounts
}

"$THULE" mount private "$CASE_DIR/one" -o "home=$a" >/dev/null || fail "mount with home="
"$THULE" mount "private:$b" "$CASE_DIR/two" >/dev/null || fail "mount of private:DIR"
assert_eq "private:$a" "$(source_of "$CASE_DIR/one")" "source of the first"
assert_eq "private:$b" "$(source_of "$CASE_DIR/two")" "source of the second"
[[ ! -e $THULE_HOME/data ]] || fail "the server of THULE_HOME was made"

echo 1 >"$CASE_DIR/one/first"
echo 2 >"$CASE_DIR/two/second"
assert_match '/first' "$("$THULE" log "$CASE_DIR/one")" "log of the first"
assert_match '/second' "$("$THULE" log "$CASE_DIR/two")" "log of the second"
assert_eq 1 "$(cd "$CASE_DIR/one" && "$THULE" sql -XAtc "select count(*) from thule.file where path = '/first'")" "SQL in the first"
assert_eq 1 "$(THULE_DB=private:$b "$THULE" sql -XAtc "select count(*) from thule.file where path = '/second'")" "SQL by THULE_DB"
assert_match "$a" "$("$THULE" status "$CASE_DIR/one")" "status of the first"
assert_match "^private:$b " "$(df "$CASE_DIR/two" | tail -n 1)" "df"

# A server that dies is started where it was.
kill -KILL "$(head -n 1 "$a/data/postmaster.pid")"
timeout 120 sync "$CASE_DIR/one/first" || fail "sync after the server died"
echo 3 >"$CASE_DIR/one/third"
assert_match '/third' "$("$THULE" log "$CASE_DIR/one")" "log after the server died"

umount "private:$b" || fail "umount by its source"
[[ -z $(source_of "$CASE_DIR/two") ]] || fail "the second is still mounted"
assert_eq 1 "$(cat "$CASE_DIR/one/first")" "the first is still there"
"$THULE" umount "$CASE_DIR/one" >/dev/null
"$THULE" mount "$CASE_DIR/one" -o "home=$a/" >/dev/null || fail "mount again, with a slash"
assert_eq "private:$a 3" "$(source_of "$CASE_DIR/one") $(cat "$CASE_DIR/one/third")" "after another mount"

assert_fails 'must be an absolute path' "$THULE" mount private "$CASE_DIR/none" -o home=relative
assert_fails 'must be an absolute path' "$THULE" mount private:relative "$CASE_DIR/none"
assert_fails 'SOURCE must be .private.' "$THULE" mount postgresql://localhost/x "$CASE_DIR/none" -o "home=$a"
assert_fails 'is it mistyped' "$THULE" mount "$CASE_DIR/none" -o "home=$CASE_DIR/no/such"
