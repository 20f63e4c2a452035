#!/usr/bin/python3
# A full disk of the database: what is pruned is room that can be written to at once, pruning and writes that wait for
# the disk do not let the server's log run out of room, and a server that a disk without a free byte has ended starts
# again by itself, since room for that was set aside.
# db: private
# mount: no
# labels: long
import errno
import os
import random
import signal
import subprocess
import time

import small_disk
from case import MNT, equal, path, shell
from other import eventually
from psql import Psql
from small_disk import DISK_MIB, HOME, MIB, OTHERS

BALLAST = os.path.join(HOME, "ballast")
FILLER = os.path.join(HOME, "filler")


def thule(*arguments):
    subprocess.run([os.environ["THULE"], *arguments], check=True, stdout=subprocess.DEVNULL, timeout=120)


def fill(files):
    while files.add(MIB):
        pass


def write_through(files, count):
    """Writes that wait for the disk, each at its own place; how many of them had room."""
    name = max(files.written, key=lambda n: os.stat(path(n)).st_size)
    del files.written[name]
    fd = os.open(path(name), os.O_WRONLY | os.O_DSYNC)
    done = 0
    for _ in range(count):
        try:
            done += os.pwrite(fd, os.urandom(4096), random.randrange(MIB // 4096) * 4096) == 4096
        except OSError as e:
            equal(errno.ENOSPC, e.errno, "a write that waits for the disk")
    os.close(fd)
    return done


def room():
    """What there is to say when there is too little of it."""
    return shell("sql", """
        select 'room inside ' || thule_internal.room_inside()
        union all
        select format('%s: %s bytes, %s rows live, %s dead, vacuumed %s, by itself %s', s.relname, pg_relation_size(s.relid), s.n_live_tup, s.n_dead_tup, s.last_vacuum,
            s.last_autovacuum) from pg_stat_all_tables s join pg_class t on s.relid in (t.oid, t.reltoastrelid) where t.oid = 'thule.blob'::regclass
        union all
        select format('%s %s has a snapshot: %s', a.backend_type, a.pid, a.query) from pg_stat_activity a where a.backend_xmin is not null and a.pid <> pg_backend_pid()
        union all
        select count(*) || ' segments of log' from pg_ls_waldir()""") + f"\n{os.statvfs(HOME)}"


def prune(files):
    """What 60 of 100 files took is there again, with the history of what was written over."""
    names = list(files.written)
    gone = names[: len(names) * 6 // 10]
    freed = sum(os.stat(path(name)).st_size for name in gone)
    for name in gone:
        files.remove(name)
    # Somebody has looked before, and may see for another moment what is deleted.
    reader = Psql("reader")
    equal([["1"]], reader("begin isolation level repeatable read; select 1 from thule.superblock"), "a snapshot")
    pruning = subprocess.Popen([os.environ["THULE"], "prune", "--keep", "0s"], stdout=subprocess.DEVNULL)
    time.sleep(3)
    reader("rollback")
    reader.end()
    equal(0, pruning.wait(timeout=120), "prune")
    if not files.add(100_000):
        raise AssertionError(f"no room for the first write after prune: {room()}")
    before = sum(os.stat(path(name)).st_size for name in files.written)
    fill(files)
    after = sum(os.stat(path(name)).st_size for name in files.written)
    if after - before < freed // 2:
        raise AssertionError(f"{freed} bytes were pruned, and {after - before} fitted: {room()}")


def postmaster():
    """The server's first process; 0 when there is none."""
    try:
        with open(os.path.join(HOME, "data", "postmaster.pid"), encoding="ascii") as f:
            pid = int(f.readline())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return 0


def answers():
    done = subprocess.run([os.environ["THULE"], "sql", "-XAtc", "select 1"], capture_output=True, timeout=120, check=False)
    return done.returncode == 0


def fill_disk():
    """Somebody else takes all that is left of the disk, and of no other."""
    equal(True, os.path.ismount(HOME), "the small disk is there")
    with open(FILLER, "wb", buffering=0) as f:
        for size in (MIB, 4096):
            try:
                while f.tell() < DISK_MIB * MIB:
                    f.write(b"x" * size)
            except OSError as e:
                equal(errno.ENOSPC, e.errno, "filling the disk")


def end_server():
    """The server ends as in a crash, and has to recover; the daemon's helper starts it again."""
    pid = postmaster()
    os.kill(pid, signal.SIGKILL)
    eventually("the server has ended", lambda: postmaster() != pid)


def main():
    # The smaller of two sizes; disk-full has the other.
    small_disk.make("8M")
    shell("mount_fs")
    equal(32 * MIB, os.stat(BALLAST).st_size, "room that is set aside")
    files = small_disk.Files()
    fill(files)
    write_through(files, 500)
    prune(files)
    write_through(files, 500)
    prune(files)
    files.check()
    equal([], small_disk.server_complaints(), "the server's log")

    fill_disk()
    end_server()
    eventually("the server is back", answers)
    os.statvfs(MNT)
    files.check()
    # Nothing is set aside before there is twice that.
    os.unlink(FILLER)
    os.unlink(OTHERS)
    eventually("room is set aside again", lambda: os.path.exists(BALLAST))
    for name in list(files.written)[:5]:
        files.remove(name)
    thule("prune", "--keep", "0s")
    eventually("a write has room", lambda: files.add(100_000))
    files.check()
    shell("remount_fs")
    files.check()


main()
