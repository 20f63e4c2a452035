#!/usr/bin/env bash
# The clock is wrong for a moment, or is set back: what is done afterwards carries the real time, the log says where that was,
# and a time means the same state as the op that it is resolved to.
# mount: no
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need gcc

# The daemon alone sees another clock: as many microseconds off as the file says.
offset=$CASE_DIR/offset
cat >"$CASE_DIR/clock.c" <<'CLOCK'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ts)
{
	char text[32] = "";
	int failed = (int)syscall(SYS_clock_gettime, id, ts), fd;

	if (failed || id != CLOCK_REALTIME || (fd = open(getenv("CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC)) < 0)
		return failed;
	if (read(fd, text, sizeof(text) - 1) > 0) {
		long long us = ts->tv_sec * 1000000LL + ts->tv_nsec / 1000 + atoll(text);
		ts->tv_sec = us / 1000000;
		ts->tv_nsec = us % 1000000 * 1000;
	}
	close(fd);
	return 0;
}
CLOCK
gcc -shared -fPIC -o "$CASE_DIR/clock.so" "$CASE_DIR/clock.c"
cat >"$CASE_DIR/thulefs" <<-WRAPPER
	#!/bin/sh
	# A sanitizer wants to be first; it may be second here.
	export ASAN_OPTIONS="\${ASAN_OPTIONS:-}:verify_asan_link_order=0"
	CLOCK_OFFSET=$offset LD_PRELOAD=$CASE_DIR/clock.so exec $THULEFS "\$@"
WRAPPER
chmod +x "$CASE_DIR/thulefs"
THULEFS=$CASE_DIR/thulefs
year=$((365 * 86400 * 1000000))

off_by() { # MICROSECONDS
	echo "$1" >"$offset.new"
	mv "$offset.new" "$offset"
}

put() { # TEXT; then the last op is that of the write
	echo "$1" >"$MNT/file"
	sync_fs
}

last() { # EXPRESSION over thule.op, of the last op
	sql "select $1 from thule.op o order by op desc limit 1"
}

steps() {
	sql 'select count(*) from thule.clock_step'
}

assert_real_time() { # WHAT
	assert_eq t "$(last "o.at between now() - interval '10 min' and now() + interval '2 s'")" "$1: the time of the last op, $(last o.at)"
}

content() { # INSTANT
	"$THULE" cat "$MNT/file" --at "$1"
}

off_by 0
mount_fs
put one
one=$(last o.op)
between=$(sql 'select clock_timestamp()')
put two
two=$(last o.op)

# Wrong for a moment: what comes after is not in the future for ever.
off_by $((10 * year))
put future
future=$(last o.op)
assert_eq t "$(last "o.at > now() + interval '9 years'")" "the wrong clock counts while it lasts"
assert_eq 0 "$(steps)" "a step forward is none back"
off_by 0
put three
three=$(last o.op)
assert_real_time "after a wrong clock"
assert_eq 1 "$(steps)" "steps of the clock"
assert_eq t "$(sql "select was > at + interval '9 years' and op > $future and op <= $three from thule.clock_step")" "where it stepped"
assert_match '^[0-9]+ 10 years|^[0-9]+ 36[0-9][0-9] days' \
	"$(sql 'select op, clock_set_back from thule.change where clock_set_back is not null' -F ' ')" "what the log says of it"
"$THULE" log "$MNT/file" >"$CASE_DIR/log" 2>&1
grep -q 'the clock was set back' "$CASE_DIR/log" || fail "thule log does not say it: $(<"$CASE_DIR/log")"

# Instants by op are exact; those by time lead to a state that was, the last one by that time.
for pair in "$one one" "$two two" "$future future" "$three three"; do
	assert_eq "${pair#* }" "$(content "op:${pair% *}")" "as of op ${pair% *}"
	assert_eq "${pair#* }" "$(sql "select convert_from(thule.content_at_op('/file', ${pair% *}), 'UTF8')")" "the same in SQL"
done
assert_eq one "$(content "$between")" "as of a time before the wrong clock"
assert_eq three "$(content now)" "as of now"
assert_eq three "$(content "$(last o.at)")" "as of the time of the last op"
assert_fails 'in the future' "$THULE" cat "$MNT/file" --at "$(sql "select now() + interval '1 year'")"
assert_eq "$three" "$(sql "select thule.op_at('infinity')")" "the last op of all"

# Every op with a time of its own is found by it, unless the time came again.
assert_eq 0 "$(sql "select count(*) from thule.op o where thule.op_at(o.at) <> (select max(p.op) from thule.op p where p.at <= o.at)")" \
	"times that lead to another op than the last by then"

# A selection by op is one by op, whatever the times are.
assert_eq "$future $three" "$("$THULE" log "$MNT/file" --since "op:$future" --kind write --json | jq -r 'map(.op) | sort | join(" ")')" \
	"the log since an op of the wrong clock"
assert_eq "$future" "$("$THULE" log "$MNT/file" --since "op:$future" --until "op:$future" --kind write --json | jq -r 'map(.op) | join(" ")')" \
	"one op of the wrong clock"

# What a daemon for the time does is not noted: times go on by microseconds.
off_by -500000
put four
assert_eq 1 "$(steps)" "steps after half a second"
off_by 0

# The daemon ends while its clock is wrong, and the next one has the right one.
off_by "$year"
put ahead
umount_fs
off_by 0
mount_fs
put five
assert_real_time "after a remount"
assert_eq 2 "$(steps)" "steps after a remount"

# Undo is done by the server, at the time of the daemon.
off_by "$year"
put ahead
off_by 0
"$THULE" undo --since "op:$(last "o.op - 1")" "$MNT/file" >"$CASE_DIR/undo" || fail "undo: $(<"$CASE_DIR/undo")"
assert_real_time "of an undo"
assert_eq 3 "$(steps)" "steps after an undo"
assert_eq five "$(<"$MNT/file")" "what the undo left"
off_by $((-3600 * 1000000))
put hour
assert_eq 4 "$(steps)" "steps after the clock was set an hour back"
"$THULE" undo --since "op:$(last "o.op - 1")" "$MNT/file" >"$CASE_DIR/undo" || fail "undo: $(<"$CASE_DIR/undo")"
assert_eq 4 "$(steps)" "steps after an undo by a server whose clock differs"

"$THULE" prune --before "op:$three" >/dev/null
assert_eq three "$(content "op:$three")" "what prune kept"
assert_fails pruned "$THULE" cat "$MNT/file" --at "op:$two"
