#!/usr/bin/env bash
# The recipe of docs/agents.md: packaging/examples/keep-or-undo runs a command, shows what it changed as one diff, and keeps or undoes that, by the
# answer on a terminal and by the exit status without one; the hook of git says which op a commit is of.
. "$(dirname "$0")/../lib/mount.sh"

examples=$(dirname "$(readlink -f "$0")")/../../packaging/examples
bin=$CASE_DIR/bin
mkdir "$bin"
ln -s "$THULE" "$bin/thule"
export PATH=$bin:$PATH

review() { # EXIT-STATUS ARGUMENT...: leaves what it printed in $out
	local want=$1 status=0
	shift
	out=$("$examples/keep-or-undo" "$@" 2>&1 </dev/null) || status=$?
	assert_eq "$want" "$status" "exit status of keep-or-undo $*, which said $out"
}

on_terminal() { # ANSWER EXIT-STATUS ARGUMENT...
	local answer=$1 want=$2
	shift 2
	out=$(python3 - "$answer" "$examples/keep-or-undo" "$@" <<'PYTHON'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b""
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if seen.endswith(b"[y/n] "):
        os.write(fd, sys.argv[1].encode() + b"\n")
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
	) && status=0 || status=$?
	assert_eq "$want" "$status" "exit status on a terminal, where it said $out"
}

cd "$MNT"
mkdir work
echo one >work/file
echo mine >work/mine

# Without a terminal: kept after a success, taken back after a failure; the diff has what all descendants did.
review 0 -- sh -c 'echo two >work/file; (sh -c "echo new >work/new")'
assert_match '-one' "$out" "the diff"
assert_match '[+]two' "$out" "the diff"
assert_match 'new file mode' "$out" "the diff of a descendant"
assert_match 'kept; to take it back: thule undo' "$out" "what to do"
assert_eq two "$(cat work/file)" "what was kept"
review 7 --tag failing -- sh -c 'echo three >work/file; rm work/new; exit 7'
assert_eq "two new" "$(cat work/file work/new | tr '\n' ' ' | sed 's/ $//')" "what was taken back"

# A check decides, too; the diff goes where it is wanted.
review 1 --check 'grep -q good work/file' --diff "$CASE_DIR/diff" -- sh -c 'echo bad >work/file'
assert_eq two "$(cat work/file)" "what the check refused"
assert_match '[+]bad' "$(<"$CASE_DIR/diff")" "the diff in a file"
review 0 --check 'grep -q good work/file' -- sh -c 'echo good >work/file'
assert_eq good "$(cat work/file)" "what the check took"

# Told what to do.
review 1 --undo -- sh -c 'echo rehearsal >work/file'
assert_eq good "$(cat work/file)" "after a rehearsal"
review 3 --keep -- sh -c 'echo kept >work/file; exit 3'
assert_eq kept "$(cat work/file)" "kept although it failed"

# On a terminal the answer decides; what is no answer is asked again.
on_terminal n 1 -- sh -c 'echo refused >work/file'
assert_eq kept "$(cat work/file)" "after no"
on_terminal y 5 -- sh -c 'echo taken >work/file; exit 5'
assert_eq taken "$(cat work/file)" "after yes"

# Nothing changed, no such command, no mount, wrong usage.
review 0 -- true
assert_match 'no changes' "$out" "of a command that changes nothing"
review 127 -- no-such-command
review 2
assert_match 'keep-or-undo .*COMMAND' "$out" "the usage"
review 2 --tag
cd /
review 2 -- touch "$CASE_DIR/ran"
[[ ! -e $CASE_DIR/ran ]] || fail "it ran where nothing is mounted"
cd "$MNT"

# Somebody else's work in the meantime stays; where it stands on what is to be taken back, that is said.
cat >"$CASE_DIR/agent" <<'SH'
echo agent >work/file
mkdir work/agents
echo agent >work/agents/own
touch "$CASE_DIR/asked"
until [ -e "$CASE_DIR/other" ]; do sleep 0.05; done
SH
(
	until [[ -e $CASE_DIR/asked ]]; do sleep 0.05; done
	echo yours >work/mine
	touch "$CASE_DIR/other"
) &
review 1 --undo -- sh "$CASE_DIR/agent"
wait
assert_eq "taken yours" "$(cat work/file work/mine | tr '\n' ' ' | sed 's/ $//')" "what is left"
[[ ! -e work/agents ]] || fail "the agent's directory is still there"
rm "$CASE_DIR/asked" "$CASE_DIR/other"
(
	until [[ -e $CASE_DIR/asked ]]; do sleep 0.05; done
	echo yours >work/agents/guest
	touch "$CASE_DIR/other"
) &
review 3 --undo -- sh "$CASE_DIR/agent"
wait
assert_eq yours "$(cat work/agents/guest)" "somebody's file in a directory of the agent's"

# The hook: a commit says at which op the filesystem was, with all that git does not know.
command -v git >/dev/null || exit 0
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git init -q repository
cd repository
cp "$examples/prepare-commit-msg" .git/hooks/
echo '*.o' >.gitignore
echo source >file
echo built >file.o
git add -A
git commit -qm 'A subject'
op=$(git log -1 --format=%B | sed -n 's/^ThuleFS-State: //p')
assert_match '^op:[0-9]+$' "$op" "the state of the commit"
rm file.o
assert_eq built "$("$THULE" cat file.o --at "$op")" "what git does not know"
git commit -q --amend --no-edit
assert_eq 1 "$(git log -1 --format=%B | grep -c '^ThuleFS-State: ')" "lines of a message that was used again"
