#!/usr/bin/env bash
# Programs started without stdin, stdout or stderr, as cron's children and daemons' are: what they open takes none of these
# places, where lines of the log and output would go into the journal, the kernel's descriptor or the connection to the server.
# shellcheck disable=SC2016 # what inner shells expand
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

standard_of() { # PID: what its stdin, stdout and stderr are
	readlink "/proc/$1/fd/0" "/proc/$1/fd/1" "/proc/$1/fd/2"
}

work() { # WHAT
	timeout 60 sh -c 'cd "$1" && echo "$2" >"$2" && mkdir -p d && cp "$2" d && sync d && cat d/*' sh "$MNT" "$1" >/dev/null ||
		fail "what programs do on the mount, $2"
}

cd "$MNT"
echo content >file
sync_fs

status=0
"$THULE" tar . >&- 2>"$CASE_DIR/err" || status=$?
assert_eq 1 "$status" "status of thule tar without stdout, which said $(<"$CASE_DIR/err")"
grep -q "cannot write the archive" "$CASE_DIR/err" || fail "thule tar without stdout says: $(<"$CASE_DIR/err")"
assert_eq content "$("$THULE" run -- cat file <&- 2>&-)" "thule run without stdin and stderr"
"$THULE" run --atomic -- sh -c 'echo kept >kept' <&- >&- 2>&- || fail "thule run --atomic without all three: $?"
assert_eq kept "$(cat kept)" "what an atomic run without all three wrote"
for words in --help --version "help log" "log --help"; do
	# shellcheck disable=SC2086 # words
	assert_fails "cannot write the output" sh -c '"$@" >/dev/full' sh "$THULE" $words
done
cd /
umount_fs

# With -o debug there are lines for stderr from the beginning on.
for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
	for options in debug debug,keeper; do
		eval "\"\$THULEFS\" \"\$THULE_SOURCE\" \"\$MNT\" -o $options $closed" >"$CASE_DIR/out" ||
			fail "thulefs -o $options $closed: $?, $(<"$CASE_DIR/out")"
		work "mounted$closed" "with $options and $closed"
		timeout 60 "$THULE" umount "$MNT" || fail "thule umount after $options $closed"
	done
	eval "\"\$THULEFS\" \"\$THULE_SOURCE\" \"\$MNT\" -f -o debug $closed" 2>>"$CASE_DIR/daemon.log" &
	daemon=$!
	wait_until 60 is_mounted || fail "thulefs -f $closed did not mount: $(tail -n 3 "$CASE_DIR/daemon.log")"
	work "foreground$closed" "in the foreground with $closed"
	others=$(standard_of "$daemon" | grep -vxF "$(readlink "/proc/$$/fd/1")" | grep -vxE "/|/dev/null|pipe:.*|$CASE_DIR/.*") || true
	if [[ $others ]]; then
		fail "thulefs -f $closed has $(standard_of "$daemon") as its standard descriptors"
	fi
	timeout 60 "$THULE" umount "$MNT" || fail "thule umount after -f $closed"
	wait "$daemon" || fail "thulefs -f $closed exits with $?"
done
mount_fs
