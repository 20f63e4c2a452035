#!/usr/bin/python3
# Files without a name (O_TMPFILE), which get one or go; and the time of birth.
# transport: uring
import ctypes
import errno
import os
import time

from case import MNT, equal, fails, libc, path, read, remount, sql, write


def tmpfile(*flags):
    return os.open(MNT, os.O_TMPFILE | os.O_RDWR | sum(flags), 0o640)


def give_name(fd, name):
    os.link(f"/proc/self/fd/{fd}", path(name), src_dir_fd=0, follow_symlinks=True)


def check_named():
    fd = tmpfile()
    st = os.fstat(fd)
    equal((0, 0o100640), (st.st_nlink, st.st_mode), "nlink and mode without a name")
    equal([], os.listdir(MNT), "names")
    os.write(fd, b"written before")
    give_name(fd, "named")
    equal(1, os.fstat(fd).st_nlink, "nlink with a name")
    equal(b"written before", read("named"), "content")
    give_name(fd, "again")
    os.close(fd)
    os.unlink(path("again"))
    remount()
    equal(b"written before", read("named"), "content after a remount")


def check_gone():
    fd = tmpfile(os.O_EXCL)
    os.write(fd, b"never named")
    fails(errno.ENOENT, give_name, fd, "x")
    os.close(fd)
    fd = tmpfile()
    os.close(fd)
    fd = os.open(path("named"), os.O_RDONLY)
    os.unlink(path("named"))
    fails(errno.ENOENT, give_name, fd, "back")
    os.close(fd)
    equal([["1"]], sql("select count(*) from thule.inode"), "inodes that are left")


class Statx(ctypes.Structure):
    """struct statx, as far as it is needed."""

    _fields_ = [("mask", ctypes.c_uint32), ("x", ctypes.c_byte * 76), ("btime_sec", ctypes.c_int64),
                ("btime_nsec", ctypes.c_uint32), ("y", ctypes.c_byte * 164)]  # fmt: skip


def birth(name):
    st = Statx()
    if libc.statx(-100, os.fsencode(path(name)), 0, 0x800, ctypes.byref(st)):
        raise OSError(ctypes.get_errno(), "statx")
    equal(True, bool(st.mask & 0x800), "the time of birth is given")
    return st.btime_sec * 10**9 + st.btime_nsec


def check_birth():
    before = time.clock_gettime_ns(time.CLOCK_REALTIME)
    write("born", b"")
    born = birth("born")
    equal(True, before - 10**9 <= born <= time.clock_gettime_ns(time.CLOCK_REALTIME), "born now")
    os.utime(path("born"), ns=(1, 1))
    os.chmod(path("born"), 0o600)
    write("born", b"more")
    equal(born, birth("born"), "the time of birth stays")
    os.rename(path("born"), path("renamed"))
    remount()
    equal(born, birth("renamed"), "after a remount")
    os.sync()
    op = sql("select max(op) from thule.op")[0][0]
    equal(born, birth(os.path.join(".thule", "at", f"op:{op}", "renamed")), "in the past")


check_named()
check_gone()
check_birth()
