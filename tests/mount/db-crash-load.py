#!/usr/bin/python3
# The server crashes again and again while programs write, none of which syncs, and sessions are lost with the answers
# to what they committed: all is there again. The last time, the daemon is killed too, and the next mount brings it. The
# journal is small, so that its bytes are soon used anew.
# db: private
# options: journal=8M,cache_inodes=1000
# transport: uring
import os
import random
import threading
import time

from case import equal, path, remount, shell, sql, write
from stopped import stop

CRASHES = 6
seed = int(os.environ.get("THULE_SEED", random.randrange(1 << 30)))
print("seed", seed)


class Worker(threading.Thread):
    """Makes, overwrites, renames and removes files of a folder of its own, and knows what is there."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.random = random.Random(seed * 100 + number)
        self.folder = f"worker{number}"
        self.files = {}
        self.stop = threading.Event()
        self.error = None
        self.count = 0
        os.mkdir(path(self.folder))

    def step(self):
        self.count += 1
        names = sorted(self.files)
        what = self.random.random()
        if what < 0.5 or len(names) < 5:
            name = f"f{self.count}"
            self.files[name] = b"%d " % self.count * self.random.choice([1, 100, 2000, 40000])
            write(f"{self.folder}/{name}", self.files[name])
            return
        name = self.random.choice(names)
        if what < 0.7:
            data = b"more %d" % self.count
            self.files[name] += data
            write(f"{self.folder}/{name}", data, "ab")
        elif what < 0.8:
            new = f"r{self.count}"
            os.rename(path(self.folder, name), path(self.folder, new))
            self.files[new] = self.files.pop(name)
        elif what < 0.9:
            os.unlink(path(self.folder, name))
            del self.files[name]
        else:
            new = f"c{self.count}"
            with open(path(self.folder, name), "rb") as source, open(path(self.folder, new), "wb") as target:
                left = len(self.files[name])
                while left:
                    left -= os.copy_file_range(source.fileno(), target.fileno(), left)
            self.files[new] = self.files[name]

    def run(self):
        try:
            while not self.stop.is_set():
                self.step()
        except BaseException as error:  # told by check()
            self.error = error

    def check(self, when):
        if self.error:
            raise AssertionError(f"{self.folder} {when}") from self.error
        equal(sorted(self.files), sorted(os.listdir(path(self.folder))), f"names in {self.folder} {when}")
        for name, data in self.files.items():
            with open(path(self.folder, name), "rb") as f:
                if f.read() != data:
                    raise AssertionError(f"bytes of {self.folder}/{name} {when}")


def start():
    workers = [Worker(i) for i in range(3)]
    for worker in workers:
        worker.start()
    return workers


def more(workers):
    """Until each has done some work."""
    wanted = [worker.count + 100 for worker in workers]
    end = time.monotonic() + 60
    while any(worker.count < count and not worker.error for worker, count in zip(workers, wanted)):
        if time.monotonic() > end:
            raise AssertionError("no progress")
        time.sleep(0.01)


def lose_sessions():
    for _ in range(4):
        time.sleep(random.random() * 0.3)
        shell("sql", "select count(pg_terminate_backend(pid)) from pg_stat_activity"
              f" where application_name = 'thulefs {random.choice(('drain', 'drain', 'reader', 'control'))}'")


def crash():
    shell("private_pg_ctl", "stop", "-m", "immediate")
    shell("start_db")


def end(workers):
    for worker in workers:
        worker.stop.set()
    for worker in workers:
        worker.join(60)


def check_copies():
    """A copy whose source the server would lose, with the ids that its blobs had. Nobody flushes in the background,
    and someone is always busy, so nothing is flushed for want of other work."""
    write("busy", b"")
    stop(int(sql("select pid from pg_stat_activity where backend_type = 'walwriter'")[0][0]))
    busy = threading.Event()

    def keep_busy():
        while not busy.is_set():
            write("busy", b"x", "ab")
            time.sleep(0.02)

    thread = threading.Thread(target=keep_busy)
    thread.start()
    data = b""
    for i in range(8):
        write("source", b"%d" % i * 10, "ab")
        data += b"%d" % i * 10
        time.sleep(0.03)
    with open(path("source"), "rb") as source, open(path("copy"), "wb") as target:
        equal(len(data), os.copy_file_range(source.fileno(), target.fileno(), len(data)), "bytes copied")
    crash()
    busy.set()
    thread.join()
    remount()
    for name in ("source", "copy"):
        with open(path(name), "rb") as f:
            equal(data, f.read(), name)


check_copies()
workers = start()
for _ in range(CRASHES):
    more(workers)
    lose_sessions()
    more(workers)
    crash()
more(workers)
end(workers)
crash()
for worker in workers:
    worker.check("after the crashes")
remount()
for worker in workers:
    worker.check("after a remount")
    worker.stop.clear()

again = [threading.Thread(target=worker.run, daemon=True) for worker in workers]
for thread in again:
    thread.start()
more(workers)
for worker in workers:
    worker.stop.set()
for thread in again:
    thread.join(60)
shell("private_pg_ctl", "stop", "-m", "immediate")
shell("kill_daemon")
shell("start_db")
shell("mount_fs")
for worker in workers:
    worker.check("after both have died")
