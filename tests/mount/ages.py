#!/usr/bin/python3
# Ages and sizes mean the same wherever they are typed: a number without a unit is no age, and 10G is one size.
import os
import subprocess

from case import MNT, equal, path, sql, write

THULE, THULEFS, SOURCE = os.environ["THULE"], os.environ["THULEFS"], os.environ["THULE_SOURCE"]

NO_AGES = ["5", "90", "5 ", "1:30", "1e3", "-5", "-5 days", "0", "5 ago", "5ago", "90 days 5", "infinity days", "P90", "901231",
           "99999999999999999999 days"]
AGES = ["100 days", "100d", "P100D", "1 year", "2400 hours ago"]
NO_SIZES = ["0", "0G", "-1", "-1G", "1e3", "1e3G", "0x10", "G", "10X", "1,5G", "1G G", "9999999999999999999", "16E", "inf", "1.G"]
SIZES = {"10G": 10 << 30, "1T": 1 << 40, "10GiB": 10 << 30, "1.5G": 3 << 29, "10 GB": 10 << 30, "64k": 64 << 10, "4096": 4096}

WITH_AGE = ["log --since", "log --until", "log /file --since", "cat /file --at", "ls / --at", "stat /file --at", "restore /file --at",
            "tar / --at", "prune --before", "prune --dry-run --before", "undo --since", "undo --until", "snapshot create s --at",
            "prune --keep", "prune --dry-run --keep", "prune /file --keep", "config set retention", "diff"]


def thule(*words):
    return subprocess.run([THULE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)


def refused(*words):
    done = thule(*words)
    equal((2, ""), (done.returncode, done.stdout), f"{words}, which said {done.stderr}")
    if not (done.stderr.startswith("thule: ") and "unit" in done.stderr):
        raise AssertionError(f"{words} said {done.stderr}")


def ages():
    for age in NO_AGES:
        for words in WITH_AGE:
            words = words.split()
            refused(*words, *(["--"] if words[0] in ("config", "diff") else []), age, *(["now"] if words == ["diff"] else []))
    # In the mount there is no such directory, and no such past to mount.
    for age in NO_AGES:
        equal(False, os.path.exists(path(".thule/at", age)), f".thule/at/{age}")
    folder = os.path.join(os.environ["CASE_DIR"], "past")
    os.mkdir(folder)
    done = subprocess.run([THULEFS, SOURCE, folder, "-o", "at=90"], stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    equal(True, done.returncode != 0 and "unit" in done.stderr, f"-o at=90, which said {done.stderr}")
    for age in AGES:
        equal(0, thule("prune", "--dry-run", "--keep", age).returncode, f"prune --keep {age}")
        equal(0, thule("log", "--since", age).returncode, f"log --since {age}")
        equal(0, thule("config", "set", "retention", age).returncode, f"retention {age}")
    refused("config", "set", "retention", "0")
    equal(f"{AGES[-1]}\n", thule("config", "get", "retention").stdout, "retention after what was refused")


def sizes():
    os.mkdir(path("tree"))
    for size in NO_SIZES:
        refused("prune", "--max-size", size)
        refused("quota", "set", path("tree"), "--bytes", size)
    for size, number in SIZES.items():
        equal(0, thule("prune", "--dry-run", "--max-size", size).returncode, f"prune --max-size {size}")
        equal(0, thule("quota", "set", path("tree"), "--bytes", size).returncode, f"quota --bytes {size}")
        equal([[str(number)]], sql("select bytes_limit from thule.quota"), f"bytes of the quota of {size}")


def main():
    write("file", b"old")
    write("file", b"new")
    before = sql("select (select pruned_op from thule.superblock), (select count(*) from thule.extent_history)")
    ages()
    sizes()
    equal(before, sql("select (select pruned_op from thule.superblock), (select count(*) from thule.extent_history)"), "the history")
    equal(sorted(["file", "tree"]), sorted(os.listdir(MNT)), "the tree")


main()
