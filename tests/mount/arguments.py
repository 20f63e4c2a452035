#!/usr/bin/python3
# Arguments that nobody meant (an empty one above all, from a variable that is not set): for every argument and option of
# every command, a sentence on stderr and the exit status of its kind, never a crash, and nothing has changed.
import os
import re
import subprocess
import sys

from case import MNT, equal, path, shell, sql, write

THULE, THULEFS = os.environ["THULE"], os.environ["THULEFS"]
OUTSIDE = os.environ["CASE_DIR"].encode()
DONE, FAILED, USAGE = 0, 1, 2
faults = []

# What must be refused as wrong usage, whatever the argument is.
EMPTY, LONG = b"", b"/" + b"x" * 4999
# Names that a file could have: P, an argument that is a path, may not crash over them, nor take them for another file.
ODD = [b".", b"..", b"/", b"//", b"/..", b"/x\n\ty", b"/\xff\xfe", b"\xff", OUTSIDE, b"%s%n", b"/" + b"y" * 300, b"\\x",
       os.fsencode(MNT) + b"/x\n\ty", os.fsencode(MNT) + b"/\xff", os.fsencode(MNT) + b"/sub/..//./file/x", b"/" + b"d/" * 1900]
# Values that no text (T an instant, A an age, S a size, N a number, X any other text) may be: not UTF-8.
BYTES = b"\xff\xfe"

# A command a line; a word that is one capital letter is an argument of that kind, to be replaced.
COMMANDS = """
audit verify --digest X
backup restore P P --to T --archive P
backup verify P --archive P
blame P
cat P --at T
cluster X
cluster archive P
config get X
config set X A
config unset X
df P --keep A
df P --snapshots
diff T T P
erase P --yes
fsck --json
grant reader X --uid X --gid X --groups X
grant auditor X
revoke X
hold P --reason W
hold --release P
journal show P
log P P --patch --reverse
log P --since T --until T --user X --pid N --exe X --tag X --kind X -n N --reverse
log --follow P --since T
ls P --at T
metrics P --database
metrics /nowhere --textfile P
mount X P --options W
mount P
prune --keep A P
prune --before T P --dry-run
prune --max-size S --dry-run
quota set P --bytes S --files N
quota set --user X --history-bytes S
quota set P --user X --bytes S
quota unset P --group X
rebrand --identity X
restore P --at T --to Q --dry-run
restore P --at T --dry-run
run --tag X true
show T
snapshot create X --at T
snapshot delete X X
snapshot rename X X
stat P --at T
status P
status P --requests
sync P
tar P --at T
top P --once --interval N --json
top /nowhere -n N
umount P --wait N
usage exe P --since T --until T -n N
watch P --once true
undo P --tag X --pid N --exe X --user X --since T --until T --dry-run
""".strip().splitlines()
GOOD = {b"P": b"/no such file", b"Q": b"/new", b"T": b"now", b"A": b"1d", b"S": b"10G", b"N": b"5", b"X": b"none", b"W": b"w"}


def run(words, program=THULE):
    return subprocess.run([program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd=OUTSIDE, timeout=120, check=False)


def check(words, allowed, program=THULE):
    """It exits with one of these, and says a sentence unless it is done. Returns the exit status."""
    done = run(words, program)
    what = f"{[word[:80] for word in words]}, which said {done.stderr[-300:]}"
    if done.returncode not in allowed:
        faults.append(f"exit status {done.returncode}, expected one of {allowed}, of {what}")
    if done.returncode and not re.search(rb"^thule[a-z ]*: .*\w", done.stderr):
        faults.append(f"no sentence from {what}")
    return done.returncode


def filled(template, place, value):
    return [value if i == place else GOOD.get(word, word) for i, word in enumerate(template)]


def bad_values(template):
    kinds = [i for i, word in enumerate(template) if word in GOOD]
    for place in kinds:
        kind = template[place]
        after_option = place and template[place - 1].startswith(b"-")
        if kind != b"W":
            check(filled(template, place, EMPTY), [USAGE])
        if kind in b"TASNXW" and (after_option or template[0] not in (b"mount", b"run")):
            check(filled(template, place, BYTES), [USAGE])
        if kind in b"PQ":
            check(filled(template, place, LONG), [USAGE])
        elif kind != b"W":
            # A log may be asked for what nobody did.
            check(filled(template, place, LONG), [DONE] * (kind == b"X") + [FAILED, USAGE])
        if kind in b"ASN":
            for value in (b"nonsense", b"-5", b"0x10", b"99999999999999999999", b"1 2", b" "):
                check(filled(template, place, value), [USAGE])
        if kind == b"T":
            for value in (b"nonsense", b"op:", b"op:x", b"-5", b" ", b"op:99999999999999999999"):
                check(filled(template, place, value), [FAILED, USAGE])


def odd_paths(template):
    """Where what is typed is no file of the filesystem: refused, or there is nothing to be done."""
    allowed = [FAILED, USAGE]
    # Status is of the mount that a path lies in, which it tells without asking for the path.
    if template[0] in (b"log", b"undo", b"umount", b"status", b"top", b"metrics", b"df"):
        allowed = [DONE, FAILED, USAGE]
    for place, kind in enumerate(template):
        if kind not in (b"P", b"Q"):
            continue
        for value in ODD:
            root = value.startswith(b"/") and value.strip(b"/") in (b"", b"..")
            if b"--follow" in template and value.startswith(b"/"):    # goes on for ever
                continue
            check(filled(template, place, value), [DONE, *allowed] if root or kind == b"Q" else allowed)


def every_command_is_here():
    names = set(re.findall(r"^  ([a-z]+) ", subprocess.run([THULE, "--help"], stdout=subprocess.PIPE, check=True)
                           .stdout.decode(), re.M))
    equal(set(), names - {line.split()[0] for line in COMMANDS} - {"sql", "upgrade"}, "commands without a line here")
    for name in names - {"sql"}:
        text = subprocess.run([THULE, name, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
        for option in re.findall(r"(--[a-z-]+) [A-Z]", text.partition("\n")[2]):
            if f"{option} " not in " ".join(line for line in COMMANDS if line.startswith(name + " ")):
                raise AssertionError(f"thule {name} {option} has no line here")


def state():
    """The tree, and how long its history is."""
    return shell("manifest", MNT), sql(
        "select (select max(op) from thule.op), (select pruned_op from thule.superblock),"
        " (select count(*) from thule.inode_history)")


def main():
    os.mkdir(path("sub"))
    write("file", b"content")
    write("sub/file", b"content")
    # A path outside of the mount that would be a file of the filesystem were it read otherwise.
    open(os.path.join(OUTSIDE, b"file"), "wb").close()
    every_command_is_here()
    before = state()
    for line in COMMANDS:
        template = os.fsencode(line).split()
        bad_values(template)
        odd_paths(template)
    for value in (EMPTY, LONG, BYTES):
        check([value], [USAGE])
        check([value, os.fsencode(MNT)], [USAGE, FAILED], THULEFS)
        check([os.fsencode(os.environ["THULE_SOURCE"]), value], [USAGE, FAILED], THULEFS)
        check([os.fsencode(os.environ["THULE_SOURCE"]), OUTSIDE, b"-o", b"at=" + value], [USAGE, FAILED], THULEFS)
    for words in ([b"log", b"file"], [b"erase", b"file", b"--yes"], [b"restore", b"file", b"--at", b"1s"]):
        equal(USAGE, check(words, [USAGE]), "a path outside of the mount")
    equal([], faults, "faults")
    equal(before, state(), "the filesystem at the end")


try:
    main()
except subprocess.TimeoutExpired as e:
    sys.exit(f"hangs: {e.cmd}")
