#!/usr/bin/python3
# `thule df`: the parts are the whole, each byte is counted where it is needed, and a prune frees what was said.
# labels: long
import json
import os
import subprocess

from case import MNT, equal, sql, write

THULE = os.environ["THULE"]
DONE, FAILED, USAGE = 0, 1, 2


def thule(*words, status=DONE, cwd=MNT):
    done = subprocess.run([THULE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, cwd=cwd)
    equal(status, done.returncode, f"status of thule {words}, which said {done.stderr!r}")
    return done.stdout if status == DONE else done.stderr


def shown(*words):
    return {row.pop("what"): row for row in json.loads(thule("df", "--json", *words, cwd="/"))}


def check_parts():
    rows = shown(MNT)
    equal(["present", "snapshots", "history", "log", "other", "total"], list(rows), "rows")
    total = rows.pop("total")
    for figure in ("bytes", "stored_bytes", "table_bytes", "total_bytes"):
        equal(total[figure], sum(row[figure] for row in rows.values()), f"total of {figure}")
    equal((3000, 1000, 2000), tuple(rows[what]["bytes"] for what in ("present", "snapshots", "history")), "bytes of files")
    equal(["present", "snapshots", "history", "log", "other", "total"], [line.split()[0] for line in thule("df").splitlines()[1:]], "table")


def check_snapshots():
    equal([("kept", 1000), ("same", 1000), ("late", 0)],
          [(row["name"], row["bytes"]) for row in json.loads(thule("df", "--snapshots", "--json"))], "what each snapshot keeps")
    equal("kept", thule("df", "--snapshots").splitlines()[1].split()[0], "the table of snapshots")


def check_prune():
    said = shown(MNT, "--keep", "0s")["prune --keep 0s frees"]["bytes"]
    freed = json.loads(thule("prune", "--keep", "0s", "--json"))["bytes"]
    equal((2000, 2000), (said, freed), "what a prune was said to free, and what it freed")
    equal(0, shown(MNT)["history"]["bytes"], "history after a prune")
    equal(1000, shown(MNT)["snapshots"]["bytes"], "what snapshots keep after a prune")


def check_refused():
    for words, part in ((["--keep", "5"], "unit"), (["--keep", "1d", "--snapshots"], "only one"), (["--keep", "nonsense"], "nonsense"),
                        (["/etc", "x"], "unexpected argument"), (["/etc"], "no mount")):
        said = thule("df", *words, status=USAGE)
        equal(True, part in said, f"what is said of {words}: {said}")


def main():
    for n, after in ((1000, "kept"), (2000, None), (3000, "late")):
        write("file", os.urandom(n))
        os.sync()
        if after:
            thule("snapshot", "create", after)
        if after == "kept":
            thule("snapshot", "create", "same", "--at", "kept")
    sql("select 1")
    check_parts()
    check_snapshots()
    check_refused()
    check_prune()


main()
