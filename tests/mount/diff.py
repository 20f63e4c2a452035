#!/usr/bin/python3
# thule diff says exactly what differs between any two instants: random workloads against two listings of the tree.
import hashlib
import itertools
import json
import os
import stat
import subprocess

from attributes import get_flags, xattrs
from case import equal, need_root, path, sql
from churn import Churn

THULE = os.environ["THULE"]
INSTANTS = 5
STEPS = int(os.environ.get("THULE_TEST_STEPS", "40"))


def escape(name):
    return "".join(c if c.isprintable() and c != "\\" else "".join(f"\\x{b:02x}" for b in os.fsencode(c)) for c in
                   os.fsdecode(name))


class Listing:
    """Names as (directory's ino, name) -> ino, inodes, and the path of each name."""

    def __init__(self, root):
        self.names, self.inodes, self.paths = {}, {}, {}
        self.walk(os.fsencode(root), "/tree")
        self.op = int(sql("select max(op) from thule.op")[0][0])

    def walk(self, folder, shown):
        parent = os.lstat(folder).st_ino
        for name in os.listdir(folder):
            full = os.path.join(folder, name)
            st = os.lstat(full)
            self.names[parent, name] = st.st_ino
            self.paths[parent, name] = f"{shown}/{escape(name)}"
            content = None
            if stat.S_ISREG(st.st_mode):
                with open(full, "rb") as f:
                    content = hashlib.sha256(f.read()).digest()
            self.inodes[st.st_ino] = {"content": content, "mode": st.st_mode,
                                      "xattr": xattrs(full), "flags": get_flags(full),
                                      "mtime": None if stat.S_ISDIR(st.st_mode) else st.st_mtime_ns}
            if stat.S_ISDIR(st.st_mode):
                self.walk(full, self.paths[parent, name])


def what(before, after):
    return sorted(k for k in before if before[k] != after[k])


def expected(a, b):
    """(change, old path, path, what), sorted."""
    rows, went, came = [], {}, {}
    for key in sorted(set(a.names) | set(b.names)):
        old, new = a.names.get(key), b.names.get(key)
        if old == new:
            differs = what(a.inodes[old], b.inodes[old])
            if differs:
                rows.append(("modified", None, b.paths[key], differs))
            continue
        if old:
            went.setdefault(old, []).append(key)
        if new:
            came.setdefault(new, []).append(key)
    removed, added = [], []
    for ino in set(went) | set(came):
        for old, new in itertools.zip_longest(went.get(ino, []), came.get(ino, [])):
            if old and new:
                rows.append(("renamed", a.paths[old], b.paths[new], what(a.inodes[ino], b.inodes[ino])))
            elif old:
                removed.append(old)
            else:
                added.append(new)
    rows += [("removed", None, a.paths[k], None) for k in removed if k not in added]
    rows += [("replaced" if k in removed else "added", None, b.paths[k], None) for k in added]
    return sorted(rows, key=str)


def actual(a, b, many):
    settings = {"PGOPTIONS": "-c thule.many_ops=0"} if many else {}
    out = subprocess.run([THULE, "diff", f"op:{a.op}", f"op:{b.op}", "--json"], check=True, stdout=subprocess.PIPE,
                         env={**os.environ, **settings}).stdout
    rows = json.loads(out)
    for row in rows:
        assert a.op < row["op"] <= b.op and row["exe"], row
        if row["what"] and row["kind"] == "directory":
            row["what"] = [w for w in row["what"] if w != "mtime"]
    return sorted(((r["change"], r["old_path"], r["path"], sorted(r["what"]) if r["what"] is not None else None)
                         for r in rows if r["what"] != [] or r["change"] == "renamed"), key=str)


def main():
    tree = path("tree")
    os.mkdir(tree)
    for seed in (1, 2):
        churn = Churn(tree, seed)
        churn.number = seed * 1000
        listings = []
        for _ in range(INSTANTS):
            for _ in range(STEPS):
                churn.step()
            listings.append(Listing(tree))
        for a, b in itertools.combinations(listings, 2):
            # In two ways: one is for many ops.
            wanted, found = expected(a, b), actual(a, b, False)
            equal(found, actual(a, b, True), "as if these were many ops")
            between = f"diff op:{a.op} op:{b.op}, seed {seed}"
            equal([], [row for row in found if row not in wanted], f"{between}: too much")
            equal([], [row for row in wanted if row not in found], f"{between}: missing")
            equal(len(wanted), len(found), f"{between}: rows")
            equal([], actual(b, b, False), "diff with itself")


need_root()
main()
