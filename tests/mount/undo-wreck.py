#!/usr/bin/python3
"""A script wrecks a shared tree (deletes, overwrites, renames over, chmods, moves folders) while two others keep working
in it; undo of its tag brings back every byte, name, mode and time of what it touched, keeps what the others did, and
names each conflict. THULE_UNDO_FILES says of how many files."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading

from case import MNT, equal, path, remount, sql

FILES = int(os.environ.get("THULE_UNDO_FILES", "2000"))
FOLDERS = 20
THULE = os.environ["THULE"]

WRECK = """
import os, sys
top, files, folders = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
name = lambda i: f"{top}/d{i % folders}/f{i}"
for i in range(files):
    if i % 5 == 0:
        os.unlink(name(i))
    elif i % 5 == 1:
        with open(name(i), "w") as f:
            f.write("wrecked")
    elif i % 5 == 2:
        os.rename(name(i), name(i + 1) if i + 1 < files else name(i) + ".moved")
    elif i % 5 == 3:
        if os.path.exists(name(i)):
            os.chmod(name(i), 0)
    else:
        with open(name(i), "r+b") as f:
            f.seek(100)
            f.write(b"X" * 50)
            f.truncate(300)
    if i == files // 2:
        os.rename(f"{top}/d1", f"{top}/away")
        os.symlink("away", f"{top}/d1")
os.mkdir(f"{top}/rubbish")
open(f"{top}/rubbish/file", "w").close()
"""


def populate():
    for d in range(FOLDERS):
        os.makedirs(path("tree", f"d{d}"))
    for i in range(FILES):
        name = path("tree", f"d{i % FOLDERS}", f"f{i}")
        with open(name, "wb") as f:
            f.write(hashlib.sha256(str(i).encode()).digest() * (1 + i % 200))
        os.chmod(name, 0o600 + i % 64)
        os.utime(name, ns=(10**18 + i, 10**18 + 7 * i))
    for i in range(0, FILES, 100):
        os.link(path("tree", f"d{i % FOLDERS}", f"f{i}"), path("tree", f"link{i}"))


def describe(top):
    lines = {}
    for folder, subfolders, names in os.walk(top):
        for name in subfolders + names:
            full = os.path.join(folder, name)
            st = os.lstat(full)
            fields = [stat.filemode(st.st_mode), st.st_ino, st.st_uid, st.st_nlink]
            if stat.S_ISREG(st.st_mode):
                with open(full, "rb") as f:
                    fields.append(hashlib.sha256(f.read()).hexdigest())
            # The others work in these folders as well.
            if not stat.S_ISDIR(st.st_mode):
                fields.append(st.st_mtime_ns)
            lines[os.path.relpath(full, top)] = fields
    return lines


class Worker(threading.Thread):
    """A process that makes, appends to, renames and removes files of its own in the shared folders, until told."""

    SCRIPT = """
import os, sys
top, me, folders = sys.argv[1], sys.argv[2], int(sys.argv[3])
n = 0
while True:
    d = f"{top}/d{n % folders if n % folders != 1 else 2}"
    with open(f"{d}/{me}{n}", "w") as f:
        f.write("first ")
    with open(f"{d}/{me}{n}", "a") as f:
        f.write("second " * n)
        f.flush()
        os.fsync(f.fileno())
    if n % 3 == 0:
        os.rename(f"{d}/{me}{n}", f"{d}/{me}{n}.renamed")
    if n % 3 == 1:
        os.unlink(f"{d}/{me}{n}")
    n += 1
    print(n, flush=True)
"""

    def __init__(self, me):
        super().__init__(daemon=True)
        self.me = me
        self.count = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.SCRIPT, path("tree"), me, str(FOLDERS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self):
        for line in self.process.stdout:
            self.count = int(line)

    def stop(self):
        self.process.terminate()
        self.join()
        equal("", self.process.stderr.read(), f"what {self.me} complained about")

    def check(self):
        """All but the last, in which it was stopped."""
        for n in range(self.count):
            name = path("tree", f"d{n % FOLDERS if n % FOLDERS != 1 else 2}", f"{self.me}{n}")
            expected = [n % 3 == 2, n % 3 == 0]
            equal(expected, [os.path.exists(name), os.path.exists(name + ".renamed")], f"{name} is there")
            if n % 3 != 1:
                with open(name if n % 3 == 2 else name + ".renamed", encoding="ascii") as f:
                    equal("first " + "second " * n, f.read(), name)


def thule(*arguments):
    done = subprocess.run([THULE, *arguments], stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def collide(before):
    """What others do to files that the script has wrecked; the conflicts that this makes."""
    conflicts = set()
    with open(path("tree", "d5", "f5"), "w", encoding="ascii") as f:
        f.write("made anew")  # its name was free
    conflicts.add(("name", "/tree/d5/f5"))
    os.chmod(path("tree", "d8", "f8"), 0o640)
    conflicts.add(("mode", "/tree/d8/f8"))  # it was f7, which the script had put there
    with open(path("tree", "d6", "f6"), "a", encoding="ascii") as f:
        f.write(" and more")
    conflicts.add(("content", "/tree/d6/f6"))
    with open(path("tree", "rubbish", "mine"), "w", encoding="ascii") as f:
        f.write("mine")
    conflicts.add(("remove", "/tree/rubbish"))
    for name in ("d5/f5", "d7/f7", "d6/f6"):
        del before[name]
    return conflicts


def check_kept():
    with open(path("tree", "d5", "f5"), encoding="ascii") as f:
        equal("made anew", f.read(), "a file that took the name of a deleted one")
    equal(0o640, stat.S_IMODE(os.stat(path("tree", "d7", "f7")).st_mode), "a mode that was changed again")
    with open(path("tree", "d6", "f6"), encoding="ascii") as f:
        equal("wrecked and more", f.read(), "a file that was overwritten and then appended to")
    equal(["mine"], os.listdir(path("tree", "rubbish")), "what is left in a folder of the script's")


def main():
    populate()
    before = describe(path("tree"))
    subprocess.run([THULE, "sync", MNT], check=True)
    workers = [Worker("ann"), Worker("bob")]
    try:
        wreck_and_undo(before, workers)
    finally:
        for worker in workers:
            worker.process.kill()


def wreck_and_undo(before, workers):
    for worker in workers:
        worker.start()
    command = [sys.executable, "-c", WRECK, path("tree"), str(FILES), str(FOLDERS)]
    subprocess.run([THULE, "run", "--tag", "wreck", "--", *command], check=True)
    conflicts = collide(before)
    check_undo(before, conflicts, workers)


def check_undo(before, conflicts, workers):
    plan = thule("undo", "--tag", "wreck", "--dry-run", "--json")
    result = thule("undo", "--tag", "wreck", "--yes", "--json")
    equal(conflicts, {(c["action"], c["path"]) for c in plan if c["conflict"]}, "conflicts of the plan")
    equal(conflicts, {(c["action"], c["path"]) for c in result["conflicts"]}, "conflicts")
    equal(len(conflicts), len(result["conflicts"]), "number of conflicts")
    for action, kind in (("remove", "removed"), ("bring back", "brought_back"), ("rename", "renamed")):
        planned = sum(c["action"] == action and not c["conflict"] for c in plan)
        equal(planned, result[kind], f"planned and done: {action}")
    for worker in workers:
        worker.stop()
    after = describe(path("tree"))
    for name, fields in before.items():
        equal(fields, after.get(name), f"{name} after undo")
    rest = {n for n in after.keys() - before.keys() if "ann" not in n and "bob" not in n}
    equal({"rubbish", "rubbish/mine", "d5/f5", "d7/f7", "d6/f6"}, rest, "what else there is")
    check_kept()
    for worker in workers:
        worker.check()
    equal([], sql("select * from thule.fsck"), "fsck")
    remount()
    equal(after, describe(path("tree")), "the tree after remount")


main()
