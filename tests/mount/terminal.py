#!/usr/bin/env python3
"""What names, processes and arguments hold reaches no terminal and no log as it is: escapes, newlines, C1 controls and
characters that turn the direction of what follows. What anybody may type does not fill the server's log."""

import json
import os
import shutil
import subprocess

from case import equal, path, sql, write

THULE = os.environ["THULE"]
# Clears the screen, begins a line, CSI of one character, turns the direction, and is no UTF-8.
EVIL = b"evil\x1b[2J\n\xc2\x9bH\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xff"
# The same in text that is UTF-8.
TYPED = "evil\x1b[2J\n\x9bH\u202e\u2066\u061c"
UNSEEN = {0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)}


def check_shown(data, what):
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        raise AssertionError(f"{what} printed what is not UTF-8: {data!r}") from e
    for c in text:
        if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) in UNSEEN):
            raise AssertionError(f"{what} printed U+{ord(c):04X}: {data!r}")


def thule(*arguments, status=(0, 1, 2, 127)):
    done = subprocess.run([THULE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          cwd=path())
    what = f"thule {arguments}"
    check_shown(done.stdout, what)
    check_shown(done.stderr, what)
    if done.returncode not in status:
        raise AssertionError(f"{what}: status {done.returncode}: {done.stderr}")
    return done.stdout


def change_as_evil():
    """By a program whose path, name and command line are like that."""
    folder = os.fsencode(os.path.join(os.environ["CASE_DIR"], "bin"))
    os.mkdir(folder)
    program = os.path.join(folder, EVIL[:-1])
    shutil.copy("/bin/sh", program)
    target = os.path.join(os.fsencode(path()), EVIL)
    subprocess.run([program, "-c", 'echo "$1" >"$2"; echo "$1"', EVIL, EVIL, target], check=True,
                   stdout=subprocess.DEVNULL)
    # The name of a thread is a process's own to choose.
    subprocess.run(["/usr/bin/python3", "-c", "import ctypes, sys; ctypes.CDLL(None).prctl(15, b'\\x1b[2J\\n\\xc2\\x9b');"
                    " open(sys.argv[1], 'a').write('x\\n')", target], check=True)


def check_commands(op):
    name = os.path.join(os.fsencode(path()), EVIL)
    for json_too in ([], ["--json"]):
        for arguments in (
            ["log"], ["log", name], ["ls", path()], ["ls", path(), "--at", f"op:{op}"], ["stat", name],
            ["diff", f"op:{op}", "10min"], ["diff", f"op:{op - 2}", f"op:{op}"], ["blame", name], ["status"],
            ["snapshot", "list"], ["hold"], ["fsck"], ["undo", "--dry-run", "--since", "1h"],
            ["restore", name, "--at", f"op:{op}", "--dry-run"], ["quota", "list"], ["prune", "--keep", "1h", "--dry-run"],
        ):
            thule(*arguments, *json_too)
    listed = json.loads(thule("ls", path(), "--json", status=(0,)))
    names = [entry["name"] for entry in listed if entry["name"].startswith("evil")]
    # Escaped as SQL shows it, and in the escapes of JSON what SQL leaves as it is.
    equal(["evil\\x1b[2J\\x0a\\xc2\\x9bH\u202e\u2066\u061c\\xff"], names, "the name in JSON")
    thule("snapshot", "create", TYPED)
    thule("snapshot", "list")
    thule("hold", name)
    thule("hold")


def check_arguments():
    """Words that are quoted in what is said of them."""
    evil = os.fsencode(path()) + b"/none" + EVIL
    for arguments in (
        [EVIL], ["ls", evil], ["cat", evil], ["log", evil], ["stat", evil], ["blame", evil], ["tar", evil], ["hold", evil],
        ["ls", path(), "--at", TYPED], ["log", "--user", TYPED], ["log", "--tag", TYPED], ["log", "--kind", TYPED],
        ["log", "--since", TYPED], ["diff", TYPED, "1h"], ["config", "set", TYPED, TYPED], ["config", "get", TYPED],
        ["snapshot", "delete", TYPED + "x"], ["mount", evil], ["umount", evil], ["status", evil], ["run", "--", evil],
        ["prune", "--keep", TYPED], ["quota", "set", evil, "--bytes", TYPED], ["ls", "--" + TYPED], ["undo", "--user", TYPED],
        ["mount", path(), "-o", TYPED],
    ):
        thule(*arguments)
    for options in (TYPED, "at=" + TYPED, "transport=" + TYPED):
        done = subprocess.run([os.environ["THULEFS"], os.environ["THULE_SOURCE"], path(), "-f", "-o", options],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        check_shown(done.stdout + done.stderr, f"thulefs -o {options!r}")
        if not done.returncode:
            raise AssertionError(f"thulefs -o {options!r} did not fail")


def check_logs():
    server = os.path.join(os.environ["THULE_TEST_CLUSTER"], "data", "server.log")
    before = os.path.getsize(os.path.join(os.environ["CASE_DIR"], "daemon.log"))
    for n in range(200):
        for name in (f"of-no-instant-{n}", f"op:{n}77777771", f"2099-01-0{n % 9 + 1}of-no-instant", "1900-01-01", "of-no-instant\x1b\n"):
            if os.path.exists(path(".thule", "at", name)):
                raise AssertionError(f"there is an instant {name!r}")
    if os.path.exists(os.fsencode(path(".thule", "at")) + b"/of-no-instant\xff"):
        raise AssertionError("there is an instant that is not UTF-8")
    equal(before, os.path.getsize(os.path.join(os.environ["CASE_DIR"], "daemon.log")), "size of the daemon's log")
    with open(server, "rb") as f:
        said = [line for line in f if b"of-no-instant" in line or b"77777771" in line]
    equal([], said, "what the server's log says of names that are no instants")
    with open(os.path.join(os.environ["CASE_DIR"], "daemon.log"), "rb") as f:
        check_shown(f.read(), "the daemon's log")


def main():
    write("plain", b"x\n")
    change_as_evil()
    op = int(sql("select max(op) from thule.op")[0][0])
    check_commands(op)
    check_arguments()
    check_logs()


main()
