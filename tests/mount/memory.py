#!/usr/bin/python3
# What users do takes no more of the daemon's memory than its budgets: 1,500 extended attributes of 64 KiB, on one file and on many, read
# and changed again and again; long links. What was forgotten is asked again, and is what it was set to.
import json
import os
import subprocess
import threading

from case import MNT, equal, path, remount, shell, sql
from other import eventually

MIB = 1 << 20
SANITIZED = "THULE_SANITIZED" in os.environ
ONE, MANY = 1000, 500


def value(name, round_=0):
    return (f"{name} {round_} ".encode() * 8192)[:65536]


def anonymous():
    """Bytes of the daemon that are no file's."""
    with open(f"/proc/{shell('daemon_pid')}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("RssAnon:")).split()[1]) * 1024


def places():
    """Pairs of a file and an attribute."""
    return [("one", f"user.{i}") for i in range(ONE)] + [(f"many/{i}", "user.a") for i in range(MANY)]


def set_all():
    os.mkdir(path("many"))
    for file in ["one"] + [f"many/{i}" for i in range(MANY)]:
        with open(path(file), "wb"):
            pass
    for file, name in places():
        os.setxattr(path(file), name, value(file + name))


def check(some, round_of):
    for file, name in some:
        got = os.getxattr(path(file), name)
        if got != value(file + name, round_of(file, name)):
            raise AssertionError(f"{name} of {file} is {got[:40]!r} and so on, {len(got)} bytes")


def budgets():
    """As `thule status` tells them."""
    done = subprocess.run([os.environ["THULE"], "status", MNT, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["memory"]


def within(before, what):
    """A sanitizer keeps what was freed, and much else."""
    for name, budget in budgets().items():
        equal(True, budget["used"] <= budget["limit"], f"{name} after {what}: {budget}")
    now = anonymous()
    if not SANITIZED:
        equal((True, True), (now < 256 * MIB, now - before < 96 * MIB), f"{what}: {now // MIB} MiB, before {before // MIB}")


def read_all():
    before = anonymous()
    check(places(), lambda *_: 0)
    within(before, "attributes that were read")
    threads = [threading.Thread(target=check, args=(places()[i::8], lambda *_: 0)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    within(before, "attributes that eight threads read")
    equal(True, budgets()["attributes"]["used"] > 16 * MIB, f"attributes that are kept: {budgets()}")
    equal({f"user.{i}" for i in range(ONE)}, set(os.listxattr(path("one"))), "the names of those of one file")


def change_some():
    """What was set and forgotten since is not what an older answer said."""
    before = anonymous()
    changed = set(places()[::5])
    for file, name in changed:
        os.setxattr(path(file), name, value(file + name, 1))
    for file, name in places()[1::50]:
        os.removexattr(path(file), name)
    left = [p for p in places() if p not in places()[1::50]]
    for _ in range(2):
        check(left, lambda *p: int(p in changed))
    within(before, "attributes that were changed")
    remount()
    check(left, lambda *p: int(p in changed))


def long_links():
    """A link can take ten times as much as a file, and so fewer of them are kept; the budgets are those of the mount's options."""
    os.environ["THULE_TEST_OPTIONS"] = "cache_inodes=1000,cache_attributes=16M,cache_processes=1M"
    remount()
    limits = {name: budget["limit"] for name, budget in budgets().items()}
    equal((1000 * 1024, 16 * MIB, MIB), tuple(limits[name] for name in ("inodes", "attributes", "processes")), "limits by options")
    os.mkdir(path("links"))
    for i in range(900):
        os.symlink(f"{i}/" * 800, path(f"links/{i}"))
    sql("select 1")

    def few():
        # Looking for what is not in memory makes room.
        for i in range(0, 900, 50):
            equal(f"{i}/" * 800, os.readlink(path(f"links/{i}")), "a link")
            os.path.exists(path(f"links/none {os.urandom(4).hex()}"))
        return budgets()["inodes"]["used"] <= 1000 * 1024
    eventually("inodes within their budget", few)


def main():
    set_all()
    remount()
    read_all()
    change_some()
    long_links()
    equal([], sql("select * from thule.fsck"), "findings of fsck")


main()
