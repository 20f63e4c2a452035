#!/usr/bin/python3
# What people expect of the command as they know others: help of a word, a guess at what was mistyped, a pager that loses nothing, a
# log that is shown in parts, and names that never were told from names that did nothing.
import json
import os
import shutil
import subprocess

from case import MNT, equal, path, sql, write
from terminal import Terminal

THULE = os.environ["THULE"]
DONE, FAILED, USAGE = 0, 1, 2


def run(*words, **named):
    return subprocess.run([THULE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                          text=True, cwd=MNT, **named)


def out(*words):
    done = run(*words)
    equal((DONE, ""), (done.returncode, done.stderr), f"thule {words}")
    return done.stdout


def refused(status, part, *words):
    done = run(*words)
    equal((status, True), (done.returncode, part in done.stderr), f"thule {words}, which said {done.stderr!r}")
    equal("", done.stdout, f"output of thule {words}")


def on_terminal(*words, **environment):
    """Returns what was said and the exit status, of a person without settings but these."""
    plain = {k: v for k, v in os.environ.items() if k not in ("PAGER", "THULE_PAGER")}
    terminal = Terminal(THULE, *words, environment={**plain, "TERM": "dumb", **environment})
    status = terminal.wait()
    return terminal.said.decode().replace("\r\n", "\n"), status


def check_help():
    equal(out("log", "--help"), out("help", "log"), "help of a command")
    equal(out("--help"), out("help"), "help of all")
    equal(out("version"), out("-V"), "the version")
    equal(out("--version"), out("-V"), "the version")
    for typed, meant in (("lgo", "log"), ("stauts", "status"), ("snapshto", "snapshot"), ("blam", "blame"), ("umuont", "umount")):
        refused(USAGE, f"did you mean `{meant}`?", typed)
        refused(USAGE, f"did you mean `{meant}`?", "help", typed)
    for typed in ("xyzzy", "x", "", "-x", "a" * 5000):
        done = run(typed)
        equal((USAGE, False), (done.returncode, "did you mean" in done.stderr), f"thule {typed[:20]}")


def check_log():
    ops = [row["op"] for row in json.loads(out("log", "--json"))]
    equal(sorted(ops, reverse=True), ops, "the log")
    for words, expected in ((["-3"], ops[:3]), (["-n", "3"], ops[:3]), (["-12"], ops[:12]), (["-9", "-2"], ops[:2]),
                            (["--reverse"], ops[::-1]), (["-3", "--reverse"], ops[2::-1]), (["--all"], ops)):
        equal(expected, [row["op"] for row in json.loads(out("log", "--json", *words))], f"log {words}")
        equal([str(op) for op in expected], [line.split()[0] for line in out("log", *words).splitlines()[1:]], f"table of log {words}")
    equal([], json.loads(out("log", "--json", "--reverse", "--pid", "999999999")), "an empty log")
    refused(USAGE, "unknown option: -3", "blame", "-3", "many-1")
    refused(USAGE, "not `1x`", "log", "-n", "1x")
    refused(USAGE, "--reverse", "log", "--follow", "--reverse")
    # A hint is a sentence of its own.
    refused(FAILED, " now. Restore that one, or give", "restore", "many-1", "--at", "0s", "--to", "/none/many")


def logged(*words):
    """Kinds and paths, the oldest first."""
    return [(row["kind"], row["path"]) for row in json.loads(out("log", "--json", "--reverse", *words))]


def check_directories():
    os.makedirs(path("tree/sub/deep"))
    write("tree/sub/deep/file", b"x")
    write("tree/gone", b"x")
    os.unlink(path("tree/gone"))
    os.rename(path("tree/sub/deep/file"), path("outside"))
    write("outside", b"after it left")
    write("came", b"before it came")
    os.rename(path("came"), path("tree/came"))
    made = [("mkdir", "/tree"), ("mkdir", "/tree/sub"), ("mkdir", "/tree/sub/deep"), ("create", "/tree/sub/deep/file"),
            ("write", "/tree/sub/deep/file"), ("create", "/tree/gone"), ("write", "/tree/gone"), ("unlink", "/tree/gone"),
            ("rename", "/tree/sub/deep/file"), ("rename", "/came")]
    equal(made, logged("tree"), "the log of a directory")
    equal([row for row in made if "/sub" in row[1]], logged("tree/sub"), "the log of a directory in it")
    equal(made[:1], logged("-d", "tree"), "the log of a directory alone")
    equal(made[-2:], logged("-2", "tree"), "the end of it")
    equal([row for row in made if row[0] == "write"], logged("tree", "--kind", "write"), "the writes below a directory")
    os.rename(path("tree"), path("moved"))
    write("moved/sub/more", b"x")
    whole = [*made, ("rename", "/tree"), ("create", "/moved/sub/more"), ("write", "/moved/sub/more")]
    equal(whole, logged("moved"), "the log of a directory that was renamed")
    equal(whole, logged("tree"), "by the name that it had")
    shutil.rmtree(path("moved"))
    equal(whole, logged("moved")[:len(whole)], "the log of a directory that is gone")
    equal(logged(), logged(MNT), "the log of the root")
    equal(logged(), logged("/"), "the log of the root")


def check_terminal():
    for i in range(540):    # two ops each
        write(f"many-{i}", b"x")
    sql("select 1")
    full = out("log")
    if len(full.splitlines()) < 1002:
        raise AssertionError("the log is short")
    for environment in ({"THULE_PAGER": "cat"}, {"THULE_PAGER": ""}, {"PAGER": "cat -u"}):
        shown, status = on_terminal("log", **environment)
        lines = shown.splitlines()
        equal((DONE, 1002), (status, len(lines)), "lines that a terminal shows")
        equal(True, "newest 1000" in lines[-1] and "--all" in lines[-1], f"what it says about the others: {lines[-1]}")
        shown, _ = on_terminal("log", "--all", **environment)
        equal(len(full.splitlines()), len(shown.splitlines()), "lines with --all")
        shown, _ = on_terminal("log", "-2", **environment)
        equal(3, len(shown.splitlines()), "lines with -2")
    # A pager that is not there.
    for name in ("no-such-pager", "no-such-pager -R", "/no/such/pager"):
        for variable in ("THULE_PAGER", "PAGER"):
            shown, status = on_terminal("log", "-2", **{variable: name})
            equal((DONE, True, 4), (status, f"no pager `{name}`" in shown, len(shown.splitlines())), f"{variable}={name}: {shown}")
    # Every listing is paged: this pager marks its lines.
    out("snapshot", "create", "paged")
    for words in (["log"], ["ls", MNT], ["snapshot", "list"], ["config", "list"], ["blame", "many-1"], ["diff", "op:1", "now"]):
        shown, _ = on_terminal(*words, THULE_PAGER="sed s/^/paged:/")
        equal([], [line for line in shown.splitlines() if not line.startswith(("paged:", "thule:"))], f"lines of {words} without the pager")
        shown, _ = on_terminal("--no-pager", *words, THULE_PAGER="sed s/^/paged:/")
        equal(False, "paged:" in shown, f"the pager of {words} in spite of --no-pager")


def check_names():
    refused(USAGE, "no kind of change 'wirte': kinds are create, mkdir", "log", "--kind", "wirte")
    refused(USAGE, "no kind of change 'wirte'", "log", "--follow", "--kind", "wirte")
    refused(FAILED, "no user 'nobody-of-that-name'", "log", "--user", "nobody-of-that-name")
    refused(FAILED, "tag 'never-tagged'", "log", "--tag", "never-tagged")
    # What is known and did nothing is no mistake, and what has just been done is known.
    equal([], json.loads(out("log", "--json", "--kind", "mknod")), "a kind of which nothing was done")
    equal([], json.loads(out("log", "--json", "--user", "999999999")), "a uid that did nothing")
    for i in range(5):
        out("run", "--tag", f"tag-{i}", "--", "touch", path(f"tagged-{i}"))
        equal(True, f"/tagged-{i}" in out("log", "--tag", f"tag-{i}"), "the log of a tag that is new")


def names():
    return [row["name"] for row in json.loads(out("snapshot", "list", "--json"))]


def check_snapshots():
    for name in ("a", "b", "c", "d"):
        out("snapshot", "create", name)
    out("snapshot", "rename", "a", "z")
    equal(["b", "c", "d", "paged", "z"], sorted(names()), "after the rename")
    out("ls", MNT, "--at", "z")
    refused(FAILED, "no snapshot 'a'", "snapshot", "rename", "a", "y")
    refused(USAGE, "a snapshot 'b' already", "snapshot", "rename", "z", "b")
    refused(USAGE, "cannot be the name", "snapshot", "rename", "z", "x/y")
    refused(USAGE, "a time already", "snapshot", "rename", "z", "yesterday")
    refused(FAILED, "no snapshot 'gone'", "snapshot", "delete", "b", "c", "gone", "d")
    equal(["b", "c", "d", "paged", "z"], sorted(names()), "after a deletion that was refused")
    out("snapshot", "delete", "b", "c", "z")
    equal(["d", "paged"], sorted(names()), "after the deletion of several")


def main():
    for i in range(8):
        write(f"many-{i}", b"x")
    check_help()
    check_log()
    check_directories()
    check_terminal()
    check_names()
    check_snapshots()


main()
