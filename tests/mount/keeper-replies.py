#!/usr/bin/python3
# Each request is done by one daemon, which is killed before it replies, and answered by the next: with the result of what was done, and
# without doing it again.
# mount: no
# labels: long
import fcntl
import os
import stat
import struct

from case import MNT, equal, fallocate, path, renameat2, shell, skip, sql

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, NODUMP = 0x80086601, 0x40086602, 0x40
EXCHANGE = 2


def flags(fd):
    return struct.unpack("I", fcntl.ioctl(fd, FS_IOC_GETFLAGS, b"\0" * 4))[0]


def make():
    os.mkdir(path("d"), 0o750)
    equal(0o40750, os.stat(path("d")).st_mode, "the directory")
    os.symlink("target", path("d/link"))
    equal("target", os.readlink(path("d/link")), "the link")
    os.mkfifo(path("d/fifo"))
    equal(True, stat.S_ISFIFO(os.stat(path("d/fifo")).st_mode), "the fifo")
    fd = os.open(path("d/f"), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    equal(5, os.write(fd, b"hello"), "write")
    append = os.open(path("d/f"), os.O_WRONLY | os.O_APPEND)
    equal(6, os.write(append, b" world"), "append")
    os.close(append)
    equal(b"hello world", os.pread(fd, 99, 0), "read")
    return fd


def change(fd):
    os.fchmod(fd, 0o640)
    os.ftruncate(fd, 8)
    os.utime(path("d/f"), (1, 2))
    equal((0o100640, 8, 2), (os.fstat(fd).st_mode, os.fstat(fd).st_size, int(os.fstat(fd).st_mtime)), "attributes")
    os.setxattr(fd, "user.a", b"1", os.XATTR_CREATE)
    os.setxattr(fd, "user.a", b"2", os.XATTR_REPLACE)
    equal(b"2", os.getxattr(fd, "user.a"), "xattr")
    os.removexattr(fd, "user.a")
    fallocate(fd, 0, 0, 20)
    equal(20, os.fstat(fd).st_size, "fallocate")
    fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("I", NODUMP))
    equal(NODUMP, flags(fd) & NODUMP, "flags")
    os.fsync(fd)


def move(fd):
    os.link(path("d/f"), path("d/g"))
    equal(2, os.fstat(fd).st_nlink, "links")
    os.rename(path("d/g"), path("d/h"))
    renameat2("d/h", "d/fifo", EXCHANGE)
    equal(True, stat.S_ISFIFO(os.stat(path("d/h")).st_mode), "exchange")
    other = os.open(path("d/copy"), os.O_CREAT | os.O_EXCL | os.O_RDWR)
    equal(20, os.copy_file_range(fd, other, 20, 0), "copy_file_range")
    equal(b"hello wo" + b"\0" * 12, os.pread(other, 99, 0), "the copy")
    os.close(other)
    os.close(os.open(path("d/copy"), os.O_WRONLY | os.O_TRUNC))
    equal(0, os.stat(path("d/copy")).st_size, "O_TRUNC")
    nameless = os.open(path("d"), os.O_TMPFILE | os.O_RDWR)
    equal(1, os.write(nameless, b"x"), "O_TMPFILE")
    os.close(nameless)


def remove(fd):
    for name in ("link", "fifo", "f", "h", "copy"):
        os.unlink(path(f"d/{name}"))
    equal([], os.listdir(path("d")), "names")
    os.rmdir(path("d"))
    equal(b"hello wo", os.pread(fd, 8, 0), "the file that is open still")
    os.close(fd)


def main():
    os.environ["THULE_TEST_OPTIONS"] = "keeper"
    # The first reply of each daemon is to what the one before it has left.
    os.environ["THULE_FAULT"] = "dev.reply:kill@2"
    shell("mount_fs")
    fd = make()
    change(fd)
    move(fd)
    remove(fd)
    with open(f"{os.environ['CASE_DIR']}/daemon.log", encoding="ascii") as f:
        killed = f.read().count("was killed by signal 9 (SIGKILL): starting another")
    print(killed, "daemons were killed")
    equal(True, killed > 40, "enough were killed")
    once = ["chmod", "copy_range", "exchange", "fallocate", "link", "mkdir", "mknod", "removexattr", "rename", "rmdir", "setflags", "symlink",
            "utimens"]
    kinds = dict(sql("select kind, count(*) from thule.change group by kind"))
    equal(dict.fromkeys(once, "1"), {kind: kinds.get(kind) for kind in once}, "how often each was done")
    more = {"create": "3", "unlink": "5", "write": "3", "truncate": "2", "setxattr": "2"}
    equal(more, {kind: kinds.get(kind) for kind in more}, "how often the others were done")


if [int(n) for n in os.uname().release.split(".")[:2]] < [6, 9]:
    skip("the kernel does not send again")
main()
