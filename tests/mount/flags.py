#!/usr/bin/python3
# Immutable and append-only files and directories: the flags of chattr(1), by ioctl.
# options: allow_other
# transport: uring
import errno
import fcntl
import os
import struct

from case import as_user, equal, fails, need_root, path, read, remount, renameat2, write

GETFLAGS, SETFLAGS = 0x80086601, 0x40086602
FSGETXATTR, FSSETXATTR = 0x801C581F, 0x401C5820
APPEND, IMMUTABLE, NODUMP, NOATIME, COMPRESS = 0x20, 0x10, 0x40, 0x80, 0x4
USER = 65530


def ioctl(name, command, value):
    fd = os.open(path(name), os.O_RDONLY)
    try:
        return fcntl.ioctl(fd, command, value)
    finally:
        os.close(fd)


def flags(name):
    return struct.unpack("<I", ioctl(name, GETFLAGS, bytes(4)))[0]


def chattr(name, value):
    ioctl(name, SETFLAGS, struct.pack("<I", value))


def check_flags():
    write("f", b"content")
    equal(0, flags("f"), "flags of a new file")
    before = os.stat(path("f"))
    chattr("f", NODUMP | NOATIME)
    after = os.stat(path("f"))
    equal(NODUMP | NOATIME, flags("f"), "flags that were set")
    equal((before.st_mtime_ns, True), (after.st_mtime_ns, after.st_ctime_ns > before.st_ctime_ns), "times")
    extended = struct.unpack("<I", ioctl("f", FSGETXATTR, bytes(28))[:4])[0]
    equal(0x80 | 0x40, extended, "the same as extended flags")
    ioctl("f", FSSETXATTR, struct.pack("<IIIII", 0x80, 0, 0, 0, 0) + bytes(8))
    equal(NODUMP, flags("f"), "set as extended flags")
    fails(errno.EOPNOTSUPP, chattr, "f", COMPRESS)
    equal(NODUMP, flags("f"), "flags after a failure")
    os.chmod(path("f"), 0o666)
    os.chown(path("f"), USER, USER)
    as_user(USER, lambda: fails(errno.EPERM, chattr, "f", IMMUTABLE))
    as_user(USER, lambda: chattr("f", 0))
    os.mkdir(path("nodump"))
    chattr("nodump", NODUMP)
    write("nodump/f", b"")
    equal(NODUMP, flags("nodump/f"), "inherited")


def append(name):
    write(name, b" more", "ab")


def check_immutable():
    write("im", b"as it is")
    chattr("im", IMMUTABLE)
    name = path("im")
    for function, *arguments in (
        (os.open, name, os.O_WRONLY), (os.open, name, os.O_WRONLY | os.O_APPEND), (os.truncate, name, 0),
        (os.unlink, name), (os.rename, name, path("x")), (os.rename, path("f"), name), (os.link, name, path("x")),
        (os.chmod, name, 0o600), (os.chown, name, 1, 1), (os.utime, name), (os.setxattr, name, "user.a", b""),
    ):  # fmt: skip
        fails(errno.EPERM, function, *arguments)
    fails(errno.EPERM, renameat2, "im", "f", 2)
    equal(b"as it is", read("im"), "content")
    remount()
    equal(IMMUTABLE, flags("im"), "flags after a remount")
    fails(errno.EPERM, os.unlink, name)
    fd = os.open(path("f"), os.O_WRONLY)
    chattr("f", IMMUTABLE)
    fails(errno.EPERM, os.write, fd, b"x")
    fails(errno.EPERM, os.posix_fallocate, fd, 0, 100)
    source = os.open(path("im"), os.O_RDONLY)
    fails(errno.EPERM, os.copy_file_range, source, fd, 4)
    os.close(source)
    os.close(fd)
    chattr("f", 0)
    chattr("im", 0)
    os.unlink(name)


def check_append_only():
    write("log", b"begin")
    chattr("log", APPEND)
    name = path("log")
    append("log")
    equal(b"begin more", read("log"), "what was appended")
    for function, *arguments in (
        (os.open, name, os.O_WRONLY), (os.open, name, os.O_WRONLY | os.O_APPEND | os.O_TRUNC), (os.truncate, name, 0),
        (os.unlink, name), (os.rename, name, path("x")), (os.link, name, path("x")), (os.chmod, name, 0o600),
        (os.utime, name, (1, 1)),
    ):  # fmt: skip
        fails(errno.EPERM, function, *arguments)
    os.utime(name)
    # Who had it open before goes on; who has it open since only appends, whatever becomes of O_APPEND.
    chattr("log", 0)
    before, source = os.open(name, os.O_RDWR), os.open(path("f"), os.O_RDONLY)
    chattr("log", APPEND)
    since = os.open(name, os.O_RDWR | os.O_APPEND)
    fcntl.fcntl(since, fcntl.F_SETFL, 0)
    equal(5, os.pwrite(before, b"BEGIN", 0), "bytes written through what was open before")
    equal(4, os.copy_file_range(source, before, 4, 0, 6), "bytes copied")
    fails(errno.EPERM, os.ftruncate, before, 0)
    fails(errno.EPERM, os.pwrite, since, b"XXXXX", 0)
    fails(errno.EPERM, os.copy_file_range, source, since, 4, 0, 0)
    equal(b"BEGIN cont", read("log"), "content")
    for fd in (before, source, since):
        os.close(fd)
    chattr("log", 0)
    os.unlink(name)


def check_directories():
    os.mkdir(path("d"))
    write("d/f", b"")
    chattr("d", APPEND)
    write("d/g", b"appending makes names")
    fails(errno.EPERM, os.unlink, path("d", "f"))
    fails(errno.EPERM, os.rename, path("d", "f"), path("d", "h"))
    chattr("d", IMMUTABLE)
    fails(errno.EPERM, write, "d/new", b"")
    fails(errno.EPERM, os.mkdir, path("d", "new"))
    fails(errno.EPERM, os.link, path("f"), path("d", "new"))
    fails(errno.EPERM, os.rename, path("f"), path("d", "new"))
    fails(errno.EPERM, os.unlink, path("d", "f"))
    write("d/f", b"the file itself can be written")
    chattr("d", 0)
    os.unlink(path("d", "f"))


need_root()
check_flags()
check_immutable()
check_append_only()
check_directories()
