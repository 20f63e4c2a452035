#!/usr/bin/python3
# Set-id bits and file capabilities go when a file is written, cut or given away, by the rules of Linux.
# options: allow_other
# transport: uring
import errno
import mmap
import os
import stat

from case import FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, as_user, equal, fails, fallocate, need_root, path, write

USER = 65530
STRANGER = 65531
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")


def make(mode, owner=USER):
    write("f", b"content")
    os.chown(path("f"), owner, owner)
    os.chmod(path("f"), mode)


def mode():
    return oct(stat.S_IMODE(os.stat(path("f")).st_mode))


def append():
    with open(path("f"), "ab") as f:
        f.write(b"x")


def pwrite_twice():
    fd = os.open(path("f"), os.O_WRONLY)
    os.pwrite(fd, b"a", 0)
    os.pwrite(fd, b"b", 1)
    os.close(fd)


def open_and_cut():
    os.close(os.open(path("f"), os.O_WRONLY | os.O_TRUNC))


def direct():
    fd = os.open(path("f"), os.O_WRONLY | os.O_DIRECT)
    os.pwritev(fd, [memoryview(mmap.mmap(-1, 4096))], 0)
    os.close(fd)


def punch():
    fd = os.open(path("f"), os.O_WRONLY)
    fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 0, 2)
    os.close(fd)


WAYS = [append, direct, punch, pwrite_twice, open_and_cut, lambda: os.truncate(path("f"), 3)]


def check_writers():
    for way in WAYS:
        make(0o6777)
        as_user(USER, way)
        equal("0o777", mode(), "bits after a user wrote")
        # Without the right to execute, the group bit means something else.
        make(0o6767)
        as_user(USER, way)
        equal("0o2767", mode(), "bits after a user wrote, not executable by the group")
        # Only members of the group keep that.
        make(0o6767)
        as_user(STRANGER, way, groups=[USER])
        equal("0o2767", mode(), "bits after a member of the group wrote")
        make(0o6767)
        as_user(STRANGER, way, groups=[STRANGER])
        equal("0o767", mode(), "bits after a stranger wrote")
        make(0o6777)
        way()
        equal("0o6777", mode(), "bits after root wrote")


def check_owners():
    make(0o6777)
    os.chown(path("f"), 0, 0)
    equal("0o777", mode(), "bits after chown by root")
    make(0o6777)
    as_user(USER, lambda: os.chown(path("f"), -1, USER))
    equal("0o777", mode(), "bits after chgrp by the owner")
    make(0o6777)
    as_user(USER, lambda: os.chown(path("f"), -1, -1))
    equal("0o777", mode(), "bits after chown to nobody else")
    os.mkdir(path("d"))
    os.chmod(path("d"), 0o6777)
    os.chown(path("d"), USER, USER)
    equal(0o6777, stat.S_IMODE(os.stat(path("d")).st_mode), "bits of a directory stay")


def check_capability():
    for way in [*WAYS, lambda: os.chown(path("f"), 0, 0)]:
        make(0o777)
        os.setxattr(path("f"), "security.capability", CAPABILITY)
        equal(True, "security.capability" in os.listxattr(path("f")), "it is there")
        way()
        fails(errno.ENODATA, os.getxattr, path("f"), "security.capability")


def check_read():
    make(0o6777)
    os.setxattr(path("f"), "security.capability", CAPABILITY)

    def look():
        with open(path("f"), "rb") as f:
            f.read()

    as_user(USER, look)
    equal("0o6777", mode(), "bits after reading")
    os.getxattr(path("f"), "security.capability")


need_root()
check_writers()
check_owners()
check_capability()
check_read()
