#!/usr/bin/python3
# Times in nanoseconds: utimensat with every special value, and who moves which time.
# transport: uring
import os
import time

from case import AT_FDCWD, MNT, equal, libc, path, read, remount, write
import ctypes

UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2


class Timespec(ctypes.Structure):
    _fields_ = [("sec", ctypes.c_long), ("nsec", ctypes.c_long)]


def utimensat(name, atime, mtime, flags=0):
    pair = (Timespec * 2)(Timespec(*atime), Timespec(*mtime))
    if libc.utimensat(AT_FDCWD, os.fsencode(path(name)), pair, flags):
        raise OSError(ctypes.get_errno(), "utimensat", name)


def times(name):
    st = os.lstat(path(name))
    return st.st_atime_ns, st.st_mtime_ns


def check_set():
    write("f", b"x")
    for sec, nsec in ((0, 0), (0, 1), (1_234_567_890, 123_456_789), (-1, 999_999_999), (5_000_000_000, 7)):
        utimensat("f", (sec, nsec), (sec, nsec))
        equal((sec * 10**9 + nsec,) * 2, times("f"), "times that were set")
    # 64 bits of nanoseconds end in 2262, and begin in 1677.
    utimensat("f", (2**40, 5), (-(2**40), 5))
    equal((2**63 - 1, -(2**63) + 1), times("f"), "times that are too far away")
    utimensat("f", (5, 7), (5_000_000_000, 7))
    utimensat("f", (5, 5), (0, UTIME_OMIT))
    equal((5_000_000_005, 5_000_000_000_000_000_007), times("f"), "mtime omitted")
    utimensat("f", (0, UTIME_OMIT), (6, 6))
    equal((5_000_000_005, 6_000_000_006), times("f"), "atime omitted")
    before = time.time_ns()
    utimensat("f", (0, UTIME_OMIT), (0, UTIME_NOW))
    atime, mtime = times("f")
    equal(5_000_000_005, atime, "atime omitted")
    if not before - 10**9 < mtime < time.time_ns() + 10**9:
        raise AssertionError(f"UTIME_NOW gave {mtime}, it is {before}")
    os.symlink("f", path("s"))
    utimensat("s", (1, 2), (3, 4), 0x100)
    equal((1_000_000_002, 3_000_000_004), times("s"), "times of a symbolic link")


def moved(what, name, act, expected):
    """Which of mtime and ctime an act moves."""
    before = os.stat(path(name))
    time.sleep(0.01)  # the clock must have moved, that is the condition
    act()
    after = os.stat(path(name))
    equal(
        expected,
        (after.st_mtime_ns > before.st_mtime_ns, after.st_ctime_ns > before.st_ctime_ns),
        f"{what}: (mtime moved, ctime moved) of {name}",
    )


def check_moves():
    write("m", b"x" * 100)
    os.mkdir(path("d"))
    moved("write", "m", lambda: write("m", b"y", "r+b"), (True, True))
    moved("truncate", "m", lambda: os.truncate(path("m"), 10), (True, True))
    moved("chmod", "m", lambda: os.chmod(path("m"), 0o600), (False, True))
    moved("link", "m", lambda: os.link(path("m"), path("d", "l")), (False, True))
    moved("rename", "m", lambda: os.rename(path("d", "l"), path("d", "k")), (False, True))
    moved("unlink", "m", lambda: os.unlink(path("d", "k")), (False, True))
    moved("read", "m", lambda: read("m"), (False, False))
    moved("create in it", "d", lambda: write("d/new", b""), (True, True))
    moved("write to a file in it", "d", lambda: write("d/new", b"data"), (False, False))
    moved("mkdir in it", "d", lambda: os.mkdir(path("d", "sub")), (True, True))
    moved("rmdir in it", "d", lambda: os.rmdir(path("d", "sub")), (True, True))
    moved("unlink in it", "d", lambda: os.unlink(path("d", "new")), (True, True))


def main():
    check_set()
    check_moves()
    names = sorted(os.listdir(MNT))
    before = [(name, times(name), os.lstat(path(name)).st_ctime_ns) for name in names]
    remount()
    equal(before, [(name, times(name), os.lstat(path(name)).st_ctime_ns) for name in names], "after remount")


main()
