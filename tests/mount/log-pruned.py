#!/usr/bin/python3
"""The log of a path after pruning is what it was before, or says that the names were pruned: never another file's log, and
never that nothing happened."""
import json
import os
import random
import subprocess

from case import equal, path, sql, write

THULE = os.environ["THULE"]


def run(*arguments):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def log(name, *selectors):
    """The inode whose log is shown, 0 for none, or None where it is said that this was pruned."""
    code, out, err = run("log", "--json", "--inode", name, *selectors)
    if code:
        equal((1, True), (code, "was pruned" in err), f"log {name} {selectors}: {err}")
        return None
    rows = json.loads(out)
    # An op on another file that took this one's name is shown, too.
    inos = [r["ino"] for r in rows]
    return max(set(inos), key=inos.count) if inos else 0


def saves(name, *selectors):
    """The ops of the log that goes on through the inodes in whose place the file came; None as log()."""
    code, out, err = run("log", "--json", name, *selectors)
    if code:
        equal((1, True), (code, "was pruned" in err), f"log {name} {selectors}: {err}")
        return None
    return {r["op"] for r in json.loads(out)}


def issue():
    """A name that was another file's in a snapshot, and one whose file is gone."""
    os.mkdir(path("q"))
    write("q/p", b"first")
    write("gone", b"gone")
    sql("select 1")
    equal(0, run("snapshot", "create", "kept")[0], "a snapshot")
    os.rename(path("q/p"), path("q/e"))
    write("q/p", b"second")
    for name in ("q/p", "gone"):
        os.unlink(path(name))
    write("there", b"there")
    before = {name: log(path(name)) for name in ("q/p", "q/e", "gone", "there")}
    end = sql("select max(op) from thule.op")[0][0]
    equal(0, run("prune", "--before", f"op:{end}")[0], "prune")
    for name in ("q/p", "gone"):
        equal(None, log(path(name)), f"{name}, which nobody knows any more")
        code, _, err = run("hold", path(name))
        equal((True, True), (code != 0, "was pruned" in err), f"hold {name}: {err}")
    for name in ("q/e", "there"):
        equal(before[name], log(path(name)), name)
    equal(before["q/e"], log(path("q/p"), "--until", "kept"), "the one of the snapshot")


def change(names, chance):
    """One random op; True when it did something."""
    name, other = chance.choice(names), chance.choice(names)
    try:
        kind = chance.randrange(5)
        if kind < 2:
            write(name, b"x")
        elif kind == 2:
            os.rename(path(name), path(other))
        elif kind == 3:
            os.unlink(path(name))
        else:
            os.link(path(name), path(other))
    except OSError:
        return
    if chance.random() < 0.1:
        run("snapshot", "create", f"s{chance.randrange(10**9)}")


def histories(seed):
    chance = random.Random(seed)
    names = [f"r{seed}{d}/{n}" for d in "ab" for n in "xyz"]
    for d in "ab":
        os.mkdir(path(f"r{seed}{d}"))
    for _ in range(60):
        change(names, chance)
    first, last = (int(n) for n in sql("select max(pruned_op), (select max(op) from thule.op) from thule.superblock")[0])
    asked = [(n, u) for n in names for u in (None, *chance.sample(range(last - 60, last), 2))]
    selectors = [["--until", f"op:{u}"] if u else [] for _, u in asked]
    before = [log(path(n), *s) for (n, _), s in zip(asked, selectors)]
    earlier = [saves(path(n), *s) for (n, _), s in zip(asked, selectors)]
    equal(0, run("prune", "--before", f"op:{last - 20}")[0], "prune")
    told = 0
    for (name, upto), selector, was, ops in zip(asked, selectors, before, earlier):
        after, left = log(path(name), *selector), saves(path(name), *selector)
        equal(after is None, left is None, f"whether the log of {name} until {upto} is known, with the inodes before and without")
        equal(set(), (left or set()) - (ops or set()), f"ops of {name} until {upto} that are in its log only after pruning")
        told += after is None
        if after is not None:
            equal(was, after, f"log of {name} until {upto}, after pruning")
    return told, len(asked), first


issue()
counts = [histories(seed) for seed in (1, 2)]
equal(True, all(told < asked for told, asked, _ in counts), f"not all is pruned: {counts}")
