#!/usr/bin/python3
# thule.file_lock and thule.open_file show what is live, go with it, and cost nothing while nothing changes.
import fcntl
import os
import signal
import subprocess
import sys
import time
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


# Each row that is written, and how long its file was open by then (a lock's: no time). Statistics would come late.
COUNT = """
create table public.written (ino bigint, age interval);
create function public.count_written() returns trigger security definer language plpgsql as $$
declare
  r jsonb := to_jsonb(coalesce(new, old));
begin
  insert into public.written values ((r ->> 'ino')::bigint, clock_timestamp() - (r ->> 'since')::timestamptz);
  return null;
end $$;
create trigger count_written after insert or update or delete on thule.live_lock for each row execute function public.count_written();
create trigger count_written after insert or update or delete on thule.live_handle for each row execute function public.count_written();
"""
COUNT_NO_MORE = """
drop trigger count_written on thule.live_lock;
drop trigger count_written on thule.live_handle;
drop function public.count_written();
drop table public.written;
"""


def idle():
    """A thousand files that are opened and closed, and a lock that stays, write nothing."""
    with open(path("kept"), "w+") as kept, open(path("sign"), "w+") as sign:
        fcntl.flock(kept, LOCK_EX)
        ino = os.fstat(sign.fileno()).st_ino
        becomes([["1", "2"]], "select (select count(*) from thule.file_lock), count(*) from thule.open_file", "kept")
        shell("sql", COUNT)
        for _ in range(10):
            short = [open(path(f"short-{i}"), "w") for i in range(100)]
            time.sleep(0.1)
            for f in short:
                f.close()
        # A sign that the publisher has looked again since.
        sign.close()
        becomes([["1"]], "select count(*) from thule.open_file", "the sign is gone")
        equal([["1"]], rows(f"select count(*) from public.written where ino = {ino}"), "rows written of the sign")
        # On a slow machine some of the thousand may have been open for longer than what counts as short.
        equal([], rows(f"select * from public.written where ino <> {ino} and"
                       f" (ino = {os.fstat(kept.fileno()).st_ino} or (age < interval '1 second') is not false) limit 3"), "rows written of what is short or stays")
        shell("sql", COUNT_NO_MORE)


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
