#!/usr/bin/env bash
# thule undo: its selectors, --dry-run, --force, conflicts, without a mount, and what it refuses.
# transport: uring
. "$(dirname "$0")/../lib/mount.sh"

# The rest is done by one process, whose pid is left in $pid.
as_process() { # COMMAND...
	bash -c 'echo $$ >"$0"; exec "$@"' "$CASE_DIR/pid" "$@"
	pid=$(<"$CASE_DIR/pid")
}

undo() {
	"$THULE" undo "$@" >"$CASE_DIR/undo.out" || fail "thule undo $*"
}

last_op() {
	sync_fs
	sql 'select max(op) from thule.op'
}

refuses() { # EXIT-STATUS EXTENDED-REGEX COMMAND...
	local status=0 out expected=$1 pattern=$2
	shift 2
	out=$("$@" 2>&1) || status=$?
	assert_eq "$expected" "$status" "exit status of $* ($out)"
	assert_match "$pattern" "$out" "$*"
}

mkdir "$MNT/a" "$MNT/b"
echo first >"$MNT/a/f"
echo first >"$MNT/b/f"

# By pid, and limited to a path.
as_process rm "$MNT/a/f" "$MNT/b/f"
undo --pid "$pid" "$MNT/a"
assert_eq first "$(cat "$MNT/a/f")" "the file below the path"
[[ ! -e $MNT/b/f ]] || fail "a file outside of the path came back"
undo --pid "$pid"
assert_eq first "$(cat "$MNT/b/f")" "the other file"
undo --pid "$pid"
assert_match 'nothing to do' "$(cat "$CASE_DIR/undo.out")" "undone twice"

# By time.
since=$(last_op)
echo second >"$MNT/a/f"
echo second >"$MNT/b/f"
undo --since "op:$((since + 1))" "$MNT/b"
assert_eq "second first" "$(cat "$MNT/a/f" "$MNT/b/f" | xargs)" "undone since, below a path"
undo --since "op:$((since + 1))" --until "op:$((since + 2))" --exe bash
assert_eq first "$(cat "$MNT/a/f")" "undone by exe and time"

# What an undo has brought back is what it was before, not new: what came before its removal can be undone after it.
echo base >"$MNT/again"
a=$(($(last_op) + 1))
echo more >>"$MNT/again"
chmod 600 "$MNT/again"
b=$(($(last_op) + 1))
rm "$MNT/again"
undo --since "op:$b"
undo --since "op:$a"
assert_eq "base 644" "$(cat "$MNT/again") $(stat -c %a "$MNT/again")" "undone from before the removal on, once that was undone"
rm "$MNT/again"

# By tag; the plan is what happens.
"$THULE" run --tag job -- sh -c "echo third >$MNT/a/f; mv $MNT/b $MNT/c; chmod 600 $MNT/c/f; echo new >$MNT/c/new"
before=$(last_op)
plan=$("$THULE" undo --tag job --dry-run)
assert_match 'remove +/c/new' "$plan" "the plan"
assert_match 'rename +/c +to /b' "$plan" "the plan"
assert_match 'content +/a/f' "$plan" "the plan"
assert_match 'mode +/c/f +0644' "$plan" "the plan"
assert_eq "$before" "$(last_op)" "the last op after a dry run"
undo --tag job
assert_eq "first f 644" "$(cat "$MNT/a/f") $(ls "$MNT/b") $(stat -c %a "$MNT/b/f")" "undone by tag"
assert_eq "a b" "$(cd "$MNT" && echo *)" "names after undo by tag"

# An open file goes on.
exec 3<"$MNT/a/f"
as_process rm "$MNT/a/f"
undo --pid "$pid"
assert_eq "$(stat -L -c %i "/proc/$$/fd/3")" "$(stat -c %i "$MNT/a/f")" "a file that was open all the time"
assert_eq first "$(cat <&3)" "content through the open file"
exec 3<&-

# Someone else's change stands on it.
as_process python3 -c "import os; os.chmod('$MNT/a/f', 0o600); os.unlink('$MNT/b/f'); os.mkdir('$MNT/b/mine')"
chmod 640 "$MNT/a/f"
echo other >"$MNT/b/f"
echo other >"$MNT/b/mine/theirs"
undo --pid "$pid" --json
assert_match '"mode".*"/a/f"|"/a/f".*"mode"' "$(cat "$CASE_DIR/undo.out")" "a conflict"
assert_match 'by.*chmod .pid' "$(cat "$CASE_DIR/undo.out")" "who stands on it"
assert_eq "640 other" "$(stat -c %a "$MNT/a/f") $(cat "$MNT/b/f")" "left as it was"
undo --pid "$pid" --force
assert_eq "644 first" "$(stat -c %a "$MNT/a/f") $(cat "$MNT/b/f")" "forced"
[[ ! -e $MNT/b/mine ]] || fail "a folder that was made is still there, with --force"
fsck

# Without a mount, and again with one.
as_process rm -r "$MNT/a"
umount_fs
undo --pid "$pid"
mount_fs
assert_eq first "$(cat "$MNT/a/f")" "undone without a mount"

# A signal takes back what was not begun: the daemon stands still, and does nothing about it when it goes on.
rm "$MNT/a/f"
before=$(last_op)
daemon=$(daemon_pid)
stop_process "$daemon"
"$THULE" undo --since "op:$before" --yes 2>"$CASE_DIR/undo.err" &
waiting=$!
asked() {
	[[ $(sql 'select count(*) from thule.request where done_at is null') == 1 ]]
}
wait_until 60 asked || fail "the request is not there"
kill -TERM "$waiting"
status=0
wait "$waiting" || status=$?
kill -CONT "$daemon"
assert_eq 143 "$status" "exit status of an undo that was interrupted"
assert_match 'nothing has changed' "$(<"$CASE_DIR/undo.err")" "what it says"
assert_eq 0 "$(sql 'select count(*) from thule.request where done_at is null')" "requests that are left"
assert_eq "$before" "$(last_op)" "the last op after an undo that was taken back"
undo --since "op:$before"
assert_eq first "$(cat "$MNT/a/f")" "undone after all"

# After a crash the journal comes first.
kill_daemon
refuses 1 'mount the filesystem once more' "$THULE" undo --pid "$pid"
mount_fs

before=$(last_op)
refuses 2 'nothing selects' "$THULE" undo
refuses 2 'nothing selects' "$THULE" undo "$MNT"
refuses 2 'nothing selects' "$THULE" undo --dry-run --force
refuses 2 'takes a number' "$THULE" undo --pid me
refuses 2 'not an instant' "$THULE" undo --since gibberish
refuses 1 'nothing to undo' "$THULE" undo --tag no-such-tag
refuses 1 'nothing to undo' "$THULE" undo --tag no-such-tag --dry-run
refuses 1 'nothing to undo' "$THULE" undo --tag no-such-tag --dry-run --json
refuses 1 'never was' "$THULE" undo --pid 1 "$MNT/no/such/file"
assert_eq "$before" "$(last_op)" "the last op after undos that were refused"

# What was just done may be named before it is in the database.
echo kept >"$MNT/just"
before=$(last_op)
mkfifo "$CASE_DIR/commands"
psql -XAtq -d "$THULE_SOURCE" <"$CASE_DIR/commands" >"$CASE_DIR/said" &
exec 3>"$CASE_DIR/commands"
echo "begin; lock table thule.op in share mode; select 'held'; select pg_sleep(0.5); commit" >&3
exec 3>&-
wait_until 60 test -s "$CASE_DIR/said" || fail "no lock"
truncate -s 0 "$MNT/just"
undo --since "op:$((before + 1))" "$MNT/just"
assert_eq kept "$(<"$MNT/just")" "a file after undo of what was just done"

# One op is no ops.
echo two >"$MNT/two"
before=$(last_op)
chmod 600 "$MNT/just"
undo --since "op:$((before + 1))" "$MNT/just"
assert_match 'attributes of 1: 1 op'$'\n' "$(cat "$CASE_DIR/undo.out")" "what one op is called"
before=$(last_op)
chmod 600 "$MNT/just" "$MNT/two"
undo --since "op:$((before + 1))"
assert_match 'attributes of 2: 2 ops'$'\n' "$(cat "$CASE_DIR/undo.out")" "and two"
