#!/usr/bin/env bash
# One UPDATE of thule.file changes many modes while programs are built on the mount: the builds succeed, each mode is what it was to be, and each change
# is an op of its own. THULE_MODES=10000 has so many files, and prints how long the statement took.
# labels: long
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"

files=${THULE_MODES:-1000}

# Builds a program of some objects, again and again, until told to stop.
build_on() {
	local dir n
	until [[ -e $CASE_DIR/built-enough ]]; do
		dir=$(mktemp -d "$MNT/build.XXXXXX")
		for n in {1..8}; do
			echo "int f$n(int n) { return n + $n; }" >"$dir/$n.c"
			cc -c -o "$dir/$n.o" "$dir/$n.c"
			echo "int f$n(int);" >>"$dir/all.h"
		done
		ar rc "$dir/all.a" "$dir"/*.o
		echo 'int main(void) { return f1(0) + f2(0) + f8(0) != 11; }' | cat "$dir/all.h" - >"$dir/main.c"
		cc -o "$dir/main" "$dir/main.c" "$dir/all.a"
		"$dir/main"
		: >"$dir/built"
	done
}
# shellcheck disable=SC2317 # called by wait_until
built_more_than() { # COUNT
	(($(builds) > $1))
}
builds() {
	find "$MNT" -maxdepth 2 -name built | wc -l
}
modes() {
	find "$MNT/srv" -type f -printf '%m\n' | sort | uniq -c | tr -s ' '
}

need cc ar
mkdir "$MNT/srv"
python3 - "$MNT/srv" "$files" <<'PYTHON'
import os, sys
os.umask(0)
for n in range(int(sys.argv[2])):
    os.close(os.open(f"{sys.argv[1]}/{n}", os.O_CREAT | os.O_WRONLY, 0o666))
PYTHON
sync_fs
assert_eq " $files 666" "$(modes)" 'the modes before'
build_on &
builder=$!
wait_until 60 built_more_than 0 || fail 'nothing was built'
for round in 1 2; do
	done_before=$(builds)
	# While a program is being built, and so that building goes on after it.
	began=$(date +%s%N)
	sql "begin; set local thule.tag = 'modes $round'; update thule.file set mode = mode $( ((round == 1)) && echo '& ~18' || echo '| 18') where path like '/srv/%' and kind = 'file'; commit"
	[[ -z ${THULE_MODES:-} ]] || echo "$files modes in $((($(date +%s%N) - began) / 1000000)) ms"
	sql "select thule.write_shown()" >"$CASE_DIR/op"
	assert_eq " $files $( ((round == 1)) && echo 644 || echo 666)" "$(modes)" "the modes of round $round"
	wait_until 60 built_more_than $((done_before + 1)) || fail "nothing was built after round $round"
	kill -0 "$builder" || fail 'a build has failed'
done
touch "$CASE_DIR/built-enough"
wait "$builder" || fail 'a build has failed'
assert_eq "$files|$files|t" "$(sql "select count(*) filter (where o.tag = 'modes 1'), count(*) filter (where o.tag = 'modes 2'), count(distinct o.op) = 2 * $files
	from thule.op o join thule.op_kind k on k.id = o.kind where k.name = 'chmod' and o.tag like 'modes _'")" 'ops'
