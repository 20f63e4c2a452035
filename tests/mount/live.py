#!/usr/bin/python3
# thule.file_lock and thule.open_file show what is live, go with it, and cost nothing while nothing changes.
import fcntl
import os
import signal
import subprocess
import sys
from fcntl import F_RDLCK, F_SETLK, F_WRLCK, LOCK_EX, LOCK_SH

from case import equal, path, remount, shell, write
from other import F_OFD_SETLK, Other, eventually, lock, open_file, waits

ME = str(os.getpid())


def rows(query):
    """Not case.sql(), whose fsync is beside the point here."""
    return [line.split("|") for line in shell("sql", query).splitlines()]


def becomes(expected, query, what):
    def check():
        check.last = rows(query)
        return check.last == expected
    try:
        eventually(what, check)
    except AssertionError as e:
        raise AssertionError(f"{what}: expected {expected}, got {check.last}") from e


LOCKS = ("select path, kind, mode, first_byte, last_byte, pid, comm, waiting from thule.file_lock"
         " order by path, kind, waiting, first_byte, pid")


def locks(other):
    with open(path("a"), "w+") as a, open(path("b"), "w+") as b:
        fcntl.flock(a, LOCK_SH)
        becomes([["/a", "flock", "read", "0", "", ME, "live.py", "f"]], LOCKS, "a shared flock")
        fcntl.flock(a, LOCK_EX)
        theirs = other.call(open_file, "a")
        other.start(fcntl.flock, theirs, LOCK_EX)
        waits(os.fstat(a.fileno()).st_ino)
        lock(b.fileno(), F_SETLK, F_RDLCK, 100, 10)
        lock(b.fileno(), F_OFD_SETLK, F_WRLCK, 0, 5)
        becomes([
            ["/a", "flock", "write", "0", "", ME, "live.py", "f"],
            ["/a", "flock", "write", "0", "", str(other.pid), "live.py", "t"],
            ["/b", "ofd", "write", "0", "4", ME, "live.py", "f"],
            ["/b", "posix", "read", "100", "109", ME, "live.py", "f"],
        ], LOCKS, "all of them")
        os.unlink(path("b"))
        becomes([["/a", "flock"], ["/a", "flock"], ["", "ofd"], ["", "posix"]],
                "select path, kind from thule.file_lock order by path, kind", "without a name")
    other.finish()
    becomes([["/a", "flock", "write", "0", "", str(other.pid), "live.py", "f"]], LOCKS, "who waited has it")
    other.call(os.close, theirs)
    becomes([], LOCKS, "released")


def leases():
    write("leased", b"")
    fd = os.open(path("leased"), os.O_RDONLY)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, F_RDLCK)
    except OSError:
        # Not every kernel has leases on FUSE.
        os.close(fd)
        return
    becomes([["/leased", "lease", "read", ME]], "select path, kind, mode, pid from thule.file_lock", "a lease")
    os.close(fd)
    becomes([], LOCKS, "the lease is gone")


OPEN = "select path, how, append, pid, comm from thule.open_file order by path, how, append"


def open_files():
    write("log", b"")
    files = [os.open(path("log"), flags) for flags in
             (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY | os.O_APPEND, os.O_RDWR)]
    os.write(files[1], b"x")
    becomes([
        ["/log", "read", "f", ME, "live.py"],
        ["/log", "read+write", "f", ME, "live.py"],
        ["/log", "write", "f", ME, "live.py"],
        ["/log", "write", "t", ME, "live.py"],
    ], OPEN, "open files")
    equal([["live.py", "t"]], rows(
        "select a.comm, bool_and(f.since between now() - interval '1 minute' and now()) from thule.open_file f"
        " join thule.actor a on a.id = f.actor group by 1"), "who writes is an actor of the log")
    child = subprocess.Popen(
        [sys.executable, "-c", f"import time\nf = open({path('log')!r})\ntime.sleep(1000)"], stdin=subprocess.DEVNULL)
    becomes([[str(child.pid)]], f"select pid from thule.open_file where pid <> {ME}", "a reader")
    child.send_signal(signal.SIGKILL)
    child.wait()
    becomes([], f"select pid from thule.open_file where pid <> {ME}", "the reader died")
    # The row is of the open file: it stays with a copy of the descriptor.
    os.unlink(path("log"))
    copy = os.dup(files[0])
    for fd in files:
        os.close(fd)
    becomes([["", "read", "f", ME, "live.py"]], OPEN, "a copy, without a name")
    os.close(copy)
    becomes([], OPEN, "all closed")


WRITTEN = "select sum(n_tup_ins + n_tup_del) from pg_stat_user_tables where relname in ('live_lock', 'live_handle')"


def idle():
    """A thousand files that are opened and closed, and a lock that stays, write nothing."""
    with open(path("kept"), "w+") as kept:
        fcntl.flock(kept, LOCK_EX)
        becomes([["1", "1"]], "select (select count(*) from thule.file_lock), count(*) from thule.open_file", "kept")
        # Statistics come later than what they count: until the two rows and what went before are in.
        before = 0
        while before != (now := int(rows(WRITTEN)[0][0])):
            before = now
            with open(path("sign"), "w+"):
                becomes([["2"]], "select count(*) from thule.open_file", "the sign")
            becomes([["1"]], "select count(*) from thule.open_file", "the sign is gone")
            before += 2
            becomes([["t"]], WRITTEN.replace("sum(n_tup_ins + n_tup_del)", f"sum(n_tup_ins + n_tup_del) >= {before}"),
                    "statistics")
        for i in range(1000):
            write(f"short-{i % 10}", b"x")
        # A sign that the publisher has looked again since.
        with open(path("sign"), "w+"):
            becomes([["2"]], "select count(*) from thule.open_file", "the sign")
        becomes([["1"]], "select count(*) from thule.open_file", "the sign is gone")
        becomes([[str(before + 2)]], WRITTEN, "rows written: the sign alone")


def ends():
    with open(path("last"), "w+") as f:
        fcntl.flock(f, LOCK_EX)
        becomes([["/last"]], "select path from thule.file_lock", "before the daemon is killed")
        shell("kill_daemon")
        becomes([], LOCKS, "locks of a dead daemon")
        becomes([], OPEN, "open files of a dead daemon")
    shell("mount_fs")
    with open(path("last"), "r+") as f:
        fcntl.flock(f, LOCK_EX)
        becomes([["/last"]], "select path from thule.file_lock", "after the next mount")
    remount()
    equal([["0", "0"]], rows("select (select count(*) from thule.live_lock), count(*) from thule.live_handle"),
          "rows that a mount left")


def main():
    other = Other()
    locks(other)
    leases()
    open_files()
    idle()
    other.end()
    ends()


main()
