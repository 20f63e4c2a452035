#!/usr/bin/python3
# What takes work back says first how much, where that is more than a person meant: undo without a selector is refused,
# and undo, restore and erase of many things ask on a terminal and want --yes elsewhere. What goes by itself never asks.
import os
import subprocess
import sys

from case import MNT, equal, path, read, shell, sql, write
from terminal import Terminal

THULE = os.environ["THULE"]
LIMIT = 1000    # ops that are taken back without asking
os.environ["TERM"] = "dumb"

MAKE = "import os, sys\nfor i in range(int(sys.argv[2])): os.mkdir(os.path.join(sys.argv[1], f'made{i}'))"


def thule(*words, status=0):
    done = subprocess.run([THULE, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False)
    equal(status, done.returncode, f"exit status of {words}, which said {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def make(tag, count):
    """A directory in which a run made so many."""
    folder = path(tag)
    os.mkdir(folder)
    thule("run", "--tag", tag, "--", sys.executable, "-c", MAKE, folder, str(count))
    return folder


def answered(answer, status, *words):
    terminal = Terminal(THULE, *words)
    terminal.read(until=b"[yes/no]")
    terminal.type(answer)
    equal(status, terminal.wait(), f"exit status of {words} answered with {answer}; it said {terminal.said}")
    return terminal.said.decode()


def no_selector():
    write("dear", b"content")
    before = sql("select max(op) from thule.op")
    for words in (["dear"], ["dear", "--dry-run"], ["dear", "--yes"], ["dear", "--force", "--json"], [".", "--yes"]):
        said = thule("undo", os.path.join(MNT, words[0]), *words[1:], status=2)
        for name in ("--tag", "--pid", "--exe", "--user", "--since", "--until"):
            equal(True, name in said, f"{name} in what `undo {words}` said: {said}")
    thule("undo", status=2)
    equal(before, sql("select max(op) from thule.op"), "the last op")
    equal(b"content", read("dear"), "the file")
    # As somebody may put it into the table by hand.
    equal([["22023"]], sql("""set client_min_messages = error; do $$ begin perform thule_internal.undo_plan('{"path": "/dear"}'); exception when others then
        perform set_config('test.state', sqlstate, false); end $$; select current_setting('test.state')"""), "in SQL")


def misspelt():
    """A selector that never was is named; what is known and did nothing there is only told to be nothing."""
    folder = make("known", 1)
    for words, part in ((["--tag", "knwon"], "the tag 'knwon'"), (["--user", "rooot"], "no user 'rooot'"), (["--exe", "no-program"], "no program 'no-program'"),
                        (["--pid", "999999999"], "no process 999999999"), (["--since", "1h", os.path.join(folder, "none")], "there never was a file '/known/none'"),
                        (["--tag", "known", "--pid", "999999999"], "no process 999999999"), (["--tag", "known", "--since", "op:16", "--until", "op:17"], "no such change")):
        said = thule("undo", *words, status=1)
        equal(True, part in said, f"{part!r} in what `undo {words}` said: {said}")
    said = thule("log", "--tag", "knwon", status=1)
    equal(True, "the tag 'knwon'" in said, f"what log said: {said}")


def quota_paths():
    """A path that is none is refused, whatever is done with it."""
    for words, status, part in ((["set", path("none"), "--bytes", "1G"], 1, "there is no directory '/none' now"), (["list", path("none")], 1, "No such file"),
                                (["list", "/etc"], 2, "in no mount"), (["unset", path("none")], 1, "no quota")):
        said = thule("quota", *words, status=status)
        equal(True, part in said, f"{part!r} in what `quota {words}` said: {said}")
    thule("quota", "list", path("dear"))


def many():
    folder = make("few", LIMIT)
    thule("undo", "--tag", "few")
    equal([], os.listdir(folder), f"after the undo of {LIMIT}")

    folder = make("many", LIMIT + 1)
    said = thule("undo", "--tag", "many", status=2)
    equal(True, "--yes" in said and str(LIMIT + 1) in said, f"what an undo of many said: {said}")
    equal(1, said.count("\n"), f"lines of {said}")
    thule("undo", "--tag", "many", "--dry-run")
    answered(b"no\n", 1, "undo", "--tag", "many")
    answered(b"\n", 1, "undo", "--tag", "many")
    answered(b"\x04", 1, "undo", "--tag", "many")
    answered(b"\x03", 130, "undo", "--tag", "many")
    equal(LIMIT + 1, len(os.listdir(folder)), "after undos that were not wanted")
    equal(True, str(LIMIT + 1) in answered(b"yes\n", 0, "undo", "--tag", "many"), "the number in the question")
    equal([], os.listdir(folder), "after the undo that was")


def whole_tree():
    folder = make("tree", LIMIT + 1)
    since = sql("select min(op) - 1 from thule.change where tag = 'tree'")[0][0]
    for where in (folder, MNT):
        thule("restore", where, "--at", f"op:{since}", status=2)
        answered(b"no\n", 1, "restore", where, "--at", f"op:{since}")
    thule("restore", folder, "--at", f"op:{since}", "--to", path("copy"))
    equal(LIMIT + 1, len(os.listdir(folder)), "after restores that were not wanted")
    thule("restore", folder, "--at", f"op:{since}", "--yes")
    equal([], os.listdir(folder), "after the restore that was")


def by_itself():
    """An atomic run that fails is undone, whoever looks on."""
    folder = path("atomic")
    os.mkdir(folder)
    terminal = Terminal(THULE, "run", "--atomic", "--", sys.executable, "-c", MAKE + "\nsys.exit(3)", folder, str(2 * LIMIT))
    equal(3, terminal.wait(), f"exit status; it said {terminal.said}")
    equal([], os.listdir(folder), "after an atomic run that failed")


def erased():
    write("secret", b"bytes")
    answered(b"no\n", 1, "erase", path("secret"))
    equal(b"bytes", read("secret"), "a file that was not erased")
    thule("erase", path("secret"), status=2)
    answered(b"yes\n", 0, "erase", path("secret"))
    equal(False, os.path.exists(path("secret")), "whether what was erased is there")


def main():
    no_selector()
    misspelt()
    quota_paths()
    many()
    whole_tree()
    by_itself()
    erased()


main()
