#!/usr/bin/python3
# -o soft: what waits for a database that stands still, or is down, fails with EIO, whoever waits behind a lock of the kernel as well; what was
# acknowledged is kept, each change that failed is not made later, and all goes on by itself.
# db: private
# options: soft=2,journal=4M
# transport: uring
import errno
import json
import os
import subprocess
import sys

from case import MNT, equal, fails, path, read, remount, shell, sql, write
from other import eventually
from stopped import StoppedServer

THULE = os.environ["THULE"]
PIECE = 1 << 18
MANY = 8
MKDIR = "import os, sys\ntry: os.mkdir(sys.argv[1])\nexcept OSError as e: sys.exit(e.errno)"


def status():
    done = subprocess.run([THULE, "status", MNT, "--requests", "--json"], stdout=subprocess.PIPE, check=True, timeout=120)
    return json.loads(done.stdout)


def synced(fd):
    try:
        os.fsync(fd)
    except OSError as e:
        equal(errno.EIO, e.errno, "fsync")
        return False
    return True


def fill(fd):
    """Writes until nothing is acknowledged any more; how much was."""
    done = 0
    while True:
        try:
            done += os.pwrite(fd, bytes([done // PIECE % 251]) * PIECE, done)
        except OSError as e:
            equal(errno.EIO, e.errno, "a write without room in the journal")
            return done


def many_in_one_directory():
    """They queue for its lock in the kernel."""
    processes = [subprocess.Popen([sys.executable, "-c", MKDIR, path(f"cold/new{i}")]) for i in range(MANY)]
    equal([errno.EIO] * MANY, [p.wait(60) for p in processes], "what those who make directories got")


def nothing_answers(fd, through, big):
    """What waits fails; what need not wait is acknowledged, but for how long there is room."""
    equal(5, os.write(fd, b"hello"), "what was acknowledged")
    fails(errno.EIO, os.fsync, fd)
    fails(errno.EIO, os.fsync, fd)
    fails(errno.EIO, os.write, through, b"through")
    fails(errno.EIO, os.pread, big, 4096, 3 << 20)
    fails(errno.EIO, os.stat, path("cold/a"))
    fails(errno.EIO, os.listdir, path("cold"))
    many_in_one_directory()
    seen = status()
    equal([2, True, True], [seen["soft_seconds"], seen["expired"] >= 6 + MANY, seen["expired_at"] > 0], f"status: {seen}")


def check_after(fd, through):
    eventually("fsync returns", lambda: synced(fd))
    equal(b"hello", read("kept"), "what was acknowledged")
    os.fsync(through)
    equal("a", " ".join(os.listdir(path("cold"))), "names of a directory in which nothing could be made")
    equal([["0"]], sql("select count(*) from thule.change where kind = 'mkdir' and path like '/cold/new%'"), "failed changes in the log")


def paused():
    fd, filled = os.open(path("kept"), os.O_RDWR | os.O_CREAT), os.open(path("filled"), os.O_RDWR | os.O_CREAT)
    through, big = os.open(path("through"), os.O_WRONLY | os.O_CREAT | os.O_DSYNC), os.open(path("big"), os.O_RDONLY)
    # Nothing of the directory is known to the kernel or the daemon.
    os.fsync(fd)
    with StoppedServer():
        nothing_answers(fd, through, big)
        done = fill(filled)
        equal(True, done > 0, "bytes that were acknowledged")
    check_after(fd, through)
    os.fsync(filled)
    data = read("filled")
    equal(True, len(data) == done and all(data[at] == at // PIECE % 251 for at in range(0, done, PIECE)), f"{len(data)} bytes, {done} acknowledged")
    for descriptor in (fd, filled, through, big):
        os.close(descriptor)


def down():
    """Restarted, after some have failed."""
    fd = os.open(path("down"), os.O_RDWR | os.O_CREAT)
    os.fsync(fd)
    with StoppedServer():
        # The daemon starts a private server that has ended; this one it finds standing still.
        os.write(fd, b"down")
        fails(errno.EIO, os.fsync, fd)
    shell("private_pg_ctl", "stop", "-m", "immediate")
    shell("start_db")
    eventually("fsync returns", lambda: synced(fd))
    os.close(fd)
    equal(b"down", read("down"), "what was acknowledged before a restart")
    equal([], sql("select op from thule.op group by op having count(*) > 1"), "ops that are in the log twice")


def main():
    os.mkdir(path("cold"))
    write("cold/a", b"a")
    write("big", os.urandom(4 << 20))
    remount()
    paused()
    remount()
    down()
    with open(os.path.join(os.environ["CASE_DIR"], "daemon.log"), encoding="utf-8") as f:
        equal(True, "the database does not answer: " in f.read(), "the log says it")
    text = subprocess.run([THULE, "status", MNT], stdout=subprocess.PIPE, text=True, check=True).stdout
    equal(True, "fail with EIO after 2 s" in text, f"status: {text}")
    # The last one counts.
    shell("umount_fs")
    os.environ["THULE_TEST_OPTIONS"] = "soft=2,hard"
    shell("mount_fs")
    equal(None, status()["soft_seconds"], "the limit of a hard mount")


main()
