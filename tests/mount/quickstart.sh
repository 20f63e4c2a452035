#!/usr/bin/env bash
# tools/quickstart, but for what takes long: it refuses a directory that cannot be a mount point before it begins, makes
# one that does not exist, can be run again, also over a dead mount, and what it says to try works as it is typed.
# db: private
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need_root

# Packages are there, and building is copying.
mkdir -p "$CASE_DIR/a clone/tools" "$CASE_DIR/stubs"
cp "$LIB/../../tools/quickstart" "$CASE_DIR/a clone/tools/"
printf '#!/bin/sh\n' >"$CASE_DIR/a clone/tools/packages"
cat >"$CASE_DIR/stubs/cmake" <<-'STUB'
	#!/bin/sh
	case $1 in
	--build) mkdir -p build/release/bin && cp "$THULE" "$THULEFS" build/release/bin/ ;;
	--install) mkdir -p "$4/bin" && cp build/release/bin/* "$4/bin/" ;;
	esac
STUB
chmod +x "$CASE_DIR/stubs/cmake" "$CASE_DIR/a clone/tools/packages"
export THULE THULEFS PREFIX="$CASE_DIR/a prefix" PATH="$CASE_DIR/stubs:$PATH"

quickstart() { # its output is in quickstart.out
	"$CASE_DIR/a clone/tools/quickstart" "$@" >"$CASE_DIR/quickstart.out" 2>&1 ||
		fail "quickstart $*: $(<"$CASE_DIR/quickstart.out")"
}

refuses() { # EXTENDED-REGEX ARGUMENTS
	local status=0
	"$CASE_DIR/a clone/tools/quickstart" "${@:2}" >"$CASE_DIR/quickstart.out" 2>&1 || status=$?
	[[ $status != 0 ]] || fail "quickstart ${*:2} succeeded"
	assert_match "$1" "$(<"$CASE_DIR/quickstart.out")" "quickstart ${*:2}"
	! grep -q == "$CASE_DIR/quickstart.out" || fail "it began before it refused: $(<"$CASE_DIR/quickstart.out")"
}

try() { # what it says to try, but for the umount
	sed -nE '/umount/d; s/^  //p' "$CASE_DIR/quickstart.out" >"$CASE_DIR/commands"
	[[ $(wc -l <"$CASE_DIR/commands") == 5 ]] || fail "what to try: $(<"$CASE_DIR/quickstart.out")"
	bash -e "$CASE_DIR/commands" >"$CASE_DIR/try.out" 2>&1 || fail "what it says to try: $(<"$CASE_DIR/try.out")"
}

dir="$CASE_DIR/my files/with \$"
# shellcheck disable=SC2317 # called by trap
leave() {
	umount -l "$CASE_DIR/other" 2>/dev/null || true
	umount -l "$dir" 2>/dev/null || true
}
trap leave EXIT

cd "$CASE_DIR"
touch file
mkdir -p full/folder other
mount -t tmpfs other other
refuses 'name the directory'
refuses 'name the directory' ''
refuses 'tools/quickstart .*DIR' one two
refuses 'tools/quickstart .*DIR' --fast
refuses 'name the directory' --tune
refuses 'not a directory' file
refuses 'cannot make' file/below
refuses 'not empty' full
refuses 'something else mounted' other
umount other
"$CASE_DIR/a clone/tools/quickstart" --help | grep -q -e 'tools/quickstart .*DIR' || fail "--help"

quickstart "my files/with \$"
try
grep -q ' write .* /greeting$' try.out || fail "it does not say who wrote: $(<try.out)"
quickstart "$dir"
grep -q 'already mounted' quickstart.out || fail "run again: $(<quickstart.out)"
try

daemon=$(sql 'select pid from thule.mount where ended_at is null')
kill -KILL "$daemon"
wait_until 60 process_gone "$daemon" || fail "the killed daemon is still there"
quickstart "$dir"
grep -q 'daemon that died' quickstart.out || fail "over a dead mount: $(<quickstart.out)"
assert_eq $'hello\nand goodbye' "$(<"$dir/greeting")" "content after all that"

bash -ec "$(sed -nE '/umount/s/^  //p' quickstart.out)" || fail "its umount"
quickstart "$dir"
assert_eq $'hello\nand goodbye' "$(<"$dir/greeting")" "content the next day"
"$THULE" umount "$dir"

# The kernel's setting is changed with --tune alone, here where another file stands for it.
if [[ -e /sys/module/fuse/parameters/enable_uring ]] && unshare --mount true 2>/dev/null; then
	echo N >switch
	# shellcheck disable=SC2016 # expanded by the inner shell
	tuned() { # ARGUMENTS
		unshare --mount bash -c 'mount --bind switch /sys/module/fuse/parameters/enable_uring &&
			"a clone/tools/quickstart" "$@" && "$THULE" umount "${@: -1}"' tuned \
			"$@" </dev/null >quickstart.out 2>&1 || fail "quickstart $*: $(<quickstart.out)"
	}
	tuned "$dir"
	assert_eq N "$(<switch)" "the kernel's setting without --tune"
	grep -q 'io_uring is off in this kernel; --tune' quickstart.out || fail "it does not tell of --tune: $(<quickstart.out)"
	tuned --tune "$dir"
	assert_eq Y "$(<switch)" "the kernel's setting after --tune"
fi
