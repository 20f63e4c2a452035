#!/usr/bin/python3
# options: allow_other,cache_inodes=1000
"""Names that are read ahead of who asks for them: while directories change, the state forgets, the reader loses its session, or an
undo comes between, everybody sees what is there; and who waits for an answer that does not come can be killed."""

import errno
import os
import random
import signal
import subprocess
import threading

from case import MNT, equal, fails, path, remount, shell, sql
from other import eventually

FOLDERS, STAY, LARGE = 8, 300, 4000
READER = "application_name = 'thulefs reader' and datname = current_database()"


def touch(*names):
    os.close(os.open(path(*names), os.O_CREAT | os.O_WRONLY, 0o644))


def staying(folder):
    return {f"stay-{folder}-{i:03}" for i in range(STAY)}


def make():
    for folder in range(FOLDERS):
        os.makedirs(path("tree", f"d{folder}", "below", "deeper"))
        for name in staying(folder):
            touch("tree", f"d{folder}", name)
        os.link(path("tree", f"d{folder}", f"stay-{folder}-000"), path("tree", f"d{folder}", "below", "link"))


class Changes(threading.Thread):
    """Creates, renames and removes names of its own in all directories, and looks whether they are what it made of them."""

    def __init__(self, number):
        super().__init__()
        self.number, self.error, self.names = number, None, set()

    def one(self, rng, i):
        folder = f"d{rng.randrange(FOLDERS)}"
        name = f"{self.number}-{i}"
        fails(errno.ENOENT, os.lstat, path("tree", folder, name))
        touch("tree", folder, name)
        os.lstat(path("tree", folder, name))
        self.names.add((folder, name))
        if i % 3 == 0:
            other = f"d{rng.randrange(FOLDERS)}"
            os.rename(path("tree", folder, name), path("tree", other, name + "-moved"))
            self.names.remove((folder, name))
            self.names.add((other, name + "-moved"))
            fails(errno.ENOENT, os.lstat, path("tree", folder, name))
        if i % 4 == 0:
            folder, name = sorted(self.names)[rng.randrange(len(self.names))]
            os.unlink(path("tree", folder, name))
            self.names.remove((folder, name))
            equal(False, name in os.listdir(path("tree", folder)), "a name that was removed, in a listing")

    def run(self):
        rng = random.Random(self.number)
        try:
            for i in range(150):
                self.one(rng, i)
        except BaseException as e:  # the case's own thread tells
            self.error = e


def walk_once():
    """What stays is in each listing, once, and has its attributes."""
    for folder in range(FOLDERS):
        names = os.listdir(path("tree", f"d{folder}"))
        equal(len(names), len(set(names)), "names of a listing that are different")
        equal(set(), staying(folder) - set(names), "names that stay and were not listed")
        equal(2, os.lstat(path("tree", f"d{folder}", "below", "link")).st_nlink, "links")
        equal(["link", "deeper"], sorted(os.listdir(path("tree", f"d{folder}", "below")), reverse=True), "below")


def changes_under_way():
    """Directories change while their pages are on their way, and what is known of them is forgotten."""
    remount()
    threads = [Changes(n) for n in range(4)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        walk_once()
    for t in threads:
        t.join()
        if t.error:
            raise t.error
    expected = set().union(*(t.names for t in threads))
    for again in (False, True):
        if again:
            remount()
        for folder in range(FOLDERS):
            theirs = {name for f, name in expected if f == f"d{folder}"}
            equal(staying(folder) | theirs | {"below"}, set(os.listdir(path("tree", f"d{folder}"))), f"names of d{folder}")


def lost_sessions():
    """The reader's session ends while names are read ahead."""
    for _ in range(5):
        remount()
        finds = [subprocess.Popen(["find", path("tree")], stdout=subprocess.PIPE) for _ in range(2)]
        shell("sql", f"select count(pg_terminate_backend(pid)) from pg_stat_activity where {READER}")
        outputs = [find.communicate()[0].splitlines() for find in finds]
        equal([0, 0], [find.returncode for find in finds], "status of find")
        equal(sorted(outputs[0]), sorted(outputs[1]), "what both found")
        equal(True, len(outputs[0]) > FOLDERS * STAY, "all was found")


def killed_while_waiting():
    """Nobody answers: who waits for a page that is read ahead is killed all the same, and the next one gets it."""
    remount()
    os.lstat(path("tree", "d1"))
    lock = subprocess.Popen(["psql", "-XAtq", "-d", os.environ["THULE_SOURCE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lock.stdin.write("begin; lock table thule.dirent in access exclusive mode; select 'locked';\n")
    lock.stdin.flush()
    equal("locked", lock.stdout.readline().strip(), "the lock")
    waiting = [subprocess.Popen(["stat", path("tree", "d1", f"stay-1-00{i}")], stdout=subprocess.DEVNULL) for i in range(3)]
    eventually("a page is waited for", lambda: shell(
        "sql", f"select count(*) from pg_stat_activity where {READER} and wait_event_type = 'Lock'") == "1")
    for process in waiting[:2]:
        process.kill()
        equal(-signal.SIGKILL, process.wait(30), "how stat ended")
    lock.communicate("commit;\n")
    equal(0, waiting[2].wait(60), "the status of the one that was left")
    walk_once()


def kept_listings():
    """The kernel keeps listings, and an undo changes them."""
    os.mkdir(path("kept"))
    touch("kept", "a")
    sql("select 1")
    op = sql("select max(op) from thule.op")[0][0]
    os.rename(path("kept", "a"), path("kept", "b"))
    touch("kept", "c")
    for _ in range(3):
        equal(["b", "c"], sorted(os.listdir(path("kept"))), "the listing")
    subprocess.run([os.environ["THULE"], "restore", path("kept"), "--at", f"op:{op}"], check=True, stdout=subprocess.DEVNULL)
    for _ in range(2):
        equal(["a"], os.listdir(path("kept")), "the listing after a restore")
    os.unlink(path("kept", "a"))
    equal([], os.listdir(path("kept")), "the listing after an unlink")


def large():
    """A directory with more names than the state keeps: each of them can be looked up, in any order, and listed."""
    os.mkdir(path("large"))
    for i in range(LARGE):
        touch("large", f"f{i:04}")
    order = [f"f{i:04}" for i in range(LARGE)]
    random.Random(3).shuffle(order)
    remount()
    for name in order[:1500]:
        os.lstat(path("large", name))
    equal(sorted(order), sorted(os.listdir(path("large"))), "the names")
    fails(errno.ENOENT, os.lstat, path("large", "none"))


make()
changes_under_way()
lost_sessions()
killed_while_waiting()
kept_listings()
large()
equal(True, os.path.ismount(MNT), "still mounted")
