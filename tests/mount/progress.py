#!/usr/bin/python3
# On a terminal long work says how far it is, and long listings are paged; with --quiet, and where nobody looks, not a byte of that.
# labels: long
import os
import re
import subprocess

from case import MNT, equal, path, shell, sql, write
from terminal import Terminal

THULE = os.environ["THULE"]
PLAIN = {k: v for k, v in os.environ.items() if k not in ("PAGER", "THULE_PAGER")}


def on_terminal(*words, status=0, **environment):
    terminal = Terminal(THULE, *words, environment={**PLAIN, "TERM": "dumb", "THULE_PAGER": "cat", **environment})
    said = terminal.read()
    equal(status, terminal.wait(), f"status of {words}, which said {said!r}")
    return said


def elsewhere(*words):
    done = subprocess.run([THULE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    equal(0, done.returncode, f"status of {words}, which said {done.stderr!r}")
    return (done.stdout + done.stderr).decode(errors="replace")


def shares(said, what):
    """The percentages that were shown, of which none is less than the one before."""
    found = [int(n) for n in re.findall(rf"\r{what}: (\d+)%", said)]
    equal(sorted(found), found, f"percentages of {what}")
    return found


def check(what, *words, again=lambda: None):
    """A step at least is shown, and its line is gone before what is printed."""
    said = on_terminal(*words)
    equal(True, len(shares(said, what)) > 0, f"progress of {words}, which said {said!r}")
    equal(True, "\r\x1b[K" in said, f"{words} takes its line away: {said!r}")
    again()
    equal([], shares(on_terminal(*words, "--quiet"), what), f"progress of {words} --quiet")
    again()
    equal(False, what + ":" in elsewhere(*words), f"progress of {words} without a terminal")


def make(tag):
    elsewhere("run", "--tag", tag, "--", "sh", "-c", f"mkdir {path(tag)} && for i in 1 2 3 4 5 6; do echo $i >{path(tag)}/$i; done")


def check_changes():
    """By the command itself, where nothing is mounted."""
    tags = ("first", "second", "third")
    for tag in tags:
        make(tag)
    sql("select 1")
    shell("umount_fs")
    said = on_terminal("undo", "--tag", "first", "--yes")
    equal(True, len(shares(said, "undoing")) > 0, f"progress of an undo, which said {said!r}")
    equal([], shares(on_terminal("undo", "--tag", "second", "--yes", "-q"), "undoing"), "progress of a quiet one")
    equal(False, "undoing:" in elsewhere("undo", "--tag", "third", "--yes"), "progress without a terminal")
    said = on_terminal("restore", "/many", "--at", "op:60", "--to", "/copy", "--yes")
    equal(True, len(shares(said, "restoring")) > 0, f"progress of a restore, which said {said!r}")
    said = on_terminal("erase", "/first/1", "--yes")
    equal(True, len(shares(said, "erasing")) > 0, f"progress of erase, which said {said!r}")
    shell("mount_fs")


def check_asked():
    """By the daemon of a mount, which tells how far it is while it has not committed."""
    make("asked")
    sql("select 1")
    lock = subprocess.Popen(["psql", "-XAtq", "-d", os.environ["THULE_SOURCE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print("begin; lock table thule.xattr_history in access exclusive mode; select 'has it';", file=lock.stdin, flush=True)
    equal("has it\n", lock.stdout.readline(), "a lock that an undo waits for")
    terminal = Terminal(THULE, "undo", "--tag", "asked", "--yes", environment={**PLAIN, "TERM": "dumb"})
    terminal.read(b"\rundoing: ")
    lock.communicate("rollback;\n")
    equal(0, terminal.wait(), f"status of an undo, which said {terminal.said!r}")
    equal(False, os.path.exists(path("asked")), "what was undone")


def check_tar():
    out = os.path.join(os.environ["CASE_DIR"], "tar")
    for quiet in ("", " --quiet"):
        terminal = Terminal("sh", "-c", f"exec {THULE} tar {path('many')}{quiet} >{out}", environment=PLAIN)
        said = terminal.read()
        equal(0, terminal.wait(), f"status of tar, which said {said!r}")
        equal(not quiet, len(shares(said, "writing")) > 0, f"progress of tar{quiet}, which said {said!r}")


def check_pages():
    """A pager gets the whole; --no-pager, JSON and a pipe have none."""
    for words in (["stat", path("many/1")], ["fsck", "-q"], ["status", MNT], ["journal", "list"]):
        for more, paged in (([], True), (["--json"], False)):
            if more and words[0] == "journal":
                continue
            said = on_terminal(*words, *more, THULE_PAGER="sed 's/^/paged /'")
            equal(paged, "paged " in said, f"pages of {words + more}, which said {said!r}")
        equal(False, "paged " in on_terminal("--no-pager", *words, THULE_PAGER="sed 's/^/paged /'"), f"pages of {words} with --no-pager")


def main():
    os.mkdir(path("many"))
    for i in range(20):
        write(f"many/{i}", b"x" * 50000)
        write(f"many/{i}", b"y" * 50000)
    sql("select 1")
    check("checking", "fsck")
    check_tar()
    check_pages()
    check_changes()
    check_asked()

    def past():
        for i in range(20):
            write(f"many/{i}", b"z" * 50000)
        sql("select 1")

    past()
    check("pruning", "prune", "--keep", "0s", path("many"), again=past)


main()
