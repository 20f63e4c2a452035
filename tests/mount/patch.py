#!/usr/bin/python3
"""thule diff --patch makes of the tree of one instant that of another: git apply and patch(1) take it, either way, with names and bytes
of all kinds."""
import os
import shutil
import subprocess

from case import MNT, equal, path, sql, write

THULE, CASE_DIR = os.environ["THULE"], os.environ["CASE_DIR"]

A_LINE = "".join(f"line {i}\n" for i in range(40))


def last_op():
    return "op:" + sql("select max(op) from thule.op")[0][0]


def before():
    for folder in ("sub", "sub/deep", "swapped", "above"):
        os.mkdir(path(folder))
    write("changed", A_LINE.encode())
    write("sub/deep/in renamed folder", A_LINE.encode())
    write("sub/deep/left as it is", b"the same\n")
    write("removed", b"one\ntwo\n")
    write("renamed", A_LINE.encode())
    write("renamed and changed", A_LINE.encode())
    write("mode", b"#!/bin/sh\n")
    write("no newline", b"last line")
    write("emptied", b"not empty\n")
    write("binary", b"\0\1\2")
    write("a", b"this was a\n")
    write("b", b"this was b\n")
    write("saved", A_LINE.encode())
    write("file that becomes a link", b"content\n")
    write("latin", "caf\xe9\nth\xe9\n".encode("latin1"))
    os.symlink("changed", path("link"))
    os.symlink("changed", path("link that becomes a file"))


def change():
    write("changed", A_LINE.replace("line 7\n", "line seven\n\n").encode())
    os.rename(path("sub"), path("above/sub"))
    write("above/sub/deep/in renamed folder", A_LINE.replace("line 3\n", "").encode())
    os.unlink(path("removed"))
    os.rename(path("renamed"), path("new name"))
    os.rename(path("renamed and changed"), path("new name, changed"))
    write("new name, changed", (A_LINE + "one more\n").encode())
    os.chmod(path("mode"), 0o755)
    write("no newline", b"last line\nanother last line")
    write("emptied", b"")
    write("created", b"new\n")
    write("created empty", b"")
    # Two names that trade files, and a file that is saved by a new one in its place.
    os.rename(path("a"), path("c"))
    os.rename(path("b"), path("a"))
    os.rename(path("c"), path("b"))
    write("saved.tmp", A_LINE.replace("line 20\n", "line twenty\n").encode())
    os.rename(path("saved.tmp"), path("saved"))
    for name in ("file that becomes a link", "link that becomes a file", "link"):
        os.unlink(path(name))
    os.symlink("created", path("file that becomes a link"))
    write("link that becomes a file", b"content\n")
    os.symlink("created", path("link"))
    write("latin", "caf\xe9\nth\xe9s\n".encode("latin1"))
    write(b"odd\n\t\"name\"\\ \xff\xc3\xa9".decode("utf-8", "surrogateescape"), b"odd\n")
    write("in \u00e9", b"umlaut\n")
    # What comes and goes in between is not in it.
    write("lived", b"short\n")
    os.unlink(path("lived"))


def patch(*words):
    done = subprocess.run([THULE, "diff", "--patch", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    equal(0, done.returncode, f"diff {words}: {done.stderr}")
    return done.stdout


def tree(folder):
    """Files and links: mode, and bytes or target."""
    found = {}
    for above, _, names in os.walk(os.fsencode(folder)):
        for name in names + [n for n in os.listdir(above) if os.path.islink(os.path.join(above, n))]:
            full = os.path.join(above, name)
            if os.path.islink(full):
                found[os.path.relpath(full, os.fsencode(folder))] = os.readlink(full)
                continue
            with open(full, "rb") as f:
                found[os.path.relpath(full, os.fsencode(folder))] = (oct(os.stat(full).st_mode), f.read())
    return found


def copy_of(op):
    """The tree of an instant; another one each time."""
    folder = os.path.join(CASE_DIR, f"copy{copy_of.made}")
    copy_of.made += 1
    shutil.copytree(os.path.join(MNT, ".thule", "at", op), folder, symlinks=True)
    for above, folders, _ in os.walk(folder):
        for name in folders:
            os.chmod(os.path.join(above, name), 0o755)
    return folder


copy_of.made = 0


def applied(since, until, text, *command):
    folder = copy_of(since)
    done = subprocess.run(command, cwd=folder, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    equal(0, done.returncode, f"{command}: {done.stdout.decode('utf-8', 'replace')}\n{text.decode('utf-8', 'replace')}")
    expected, got = tree(copy_of(until)), tree(folder)
    for name in expected.keys() | got.keys():
        equal(expected.get(name), got.get(name), f"{name} after {command} from {since} to {until}")


def said(status, *words):
    done = subprocess.run([THULE, "diff", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    equal(status, done.returncode, f"diff {words}: {done.stderr}")
    return (done.stdout + done.stderr).decode()


def parts(first):
    """Below a path, and what is in no patch."""
    text = patch(first, "now", "/above/sub/deep").decode()
    equal(2, text.count("diff --git"), f"below a directory that was renamed: {text}")
    equal(1, patch(first, "now", "/saved").count(b"diff --git"), "of one file")
    quiet = last_op()
    os.mkdir(path("only a directory"))
    os.mkfifo(path("pipe"))
    os.utime(path("changed"), (1, 1))
    os.truncate(path("changed"), os.stat(path("changed")).st_size)
    equal("thule: nothing differs in files and links\n", said(0, "-p", quiet, "now"), "nothing in files")
    write("binary", b"\0\1\2\3")
    with open(path("large"), "wb") as f:
        f.truncate(17 << 20)
    write("created", b"not taken\n")
    large = last_op()
    text = patch(quiet, "now").decode()
    for line in ("Binary files a/binary and b/binary differ", "Files /dev/null and b/large, whose bytes are more than 16 MiB, differ"):
        equal(True, line in text.splitlines(), f"{line} in {text}")
    equal(False, "\0" in text, "no bytes of a binary file")
    folder = copy_of(quiet)
    done = subprocess.run(["git", "apply"], cwd=folder, input=text.encode(), capture_output=True, check=False)
    equal((1, True), (done.returncode, b"cannot apply binary patch" in done.stderr), "git refuses it as a whole")
    equal(b"new\n", tree(folder)[b"created"][1], "and changes nothing")
    os.chmod(path("large"), 0o600)
    equal("diff --git a/large b/large\nold mode 100644\nnew mode 100600\n", patch(large, "now").decode(), "the mode of a large file")
    said(2, "-p", "--stat", quiet, "now")
    said(2, "-p", "--json", quiet, "now")


def main():
    before()
    first = last_op()
    change()
    second = last_op()
    for since, until in ((first, second), (second, first)):
        text = patch(since, until)
        applied(since, until, text, "git", "apply")
        applied(since, until, text, "patch", "-p1", "--no-backup-if-mismatch")
    parts(first)


main()
