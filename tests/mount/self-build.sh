#!/usr/bin/env bash
# This project is configured, built and unit-tested on the mount.
# labels: long
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need cmake ninja git

project=$(readlink -f "$LIB/../..")
mkdir "$MNT/project"
git -C "$project" -c safe.directory='*' ls-files -co --exclude-standard -z |
	(cd "$project" && tar -cf - --ignore-failed-read --null -T - 2>/dev/null) | tar -xf - -C "$MNT/project"
cd "$MNT/project"
cmake -S . -B build/self -G Ninja -DCMAKE_BUILD_TYPE=Debug >"$CASE_DIR/cmake.log" ||
	fail "cmake: $(tail -n 20 "$CASE_DIR/cmake.log")"
ninja -C build/self -j2 >"$CASE_DIR/ninja.log" || fail "ninja: $(tail -n 20 "$CASE_DIR/ninja.log")"
./build/self/bin/thulefs --version | grep -q '[0-9]' || fail "the built thulefs does not say its version"
ctest --test-dir build/self -L unit --output-on-failure >"$CASE_DIR/ctest.log" ||
	fail "ctest: $(tail -n 40 "$CASE_DIR/ctest.log")"
# A second build has nothing to do: times are kept well enough for ninja, also over a remount.
cd /
remount_fs
assert_match 'no work to do' "$(ninja -C "$MNT/project/build/self")" "second build"
