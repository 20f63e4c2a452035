#!/usr/bin/python3
# Hard links, symbolic links of every length, fifos, sockets and device nodes.
# transport: uring
import errno
import os
import socket
import stat

from case import MNT, equal, fails, path, read, remount, write


def check_hard_links():
    write("first", b"shared")
    os.mkdir(path("d"))
    os.link(path("first"), path("d", "second"))
    one, two = os.stat(path("first")), os.stat(path("d", "second"))
    equal((one.st_ino, 2), (two.st_ino, two.st_nlink), "inode and nlink of a second link")
    with open(path("d", "second"), "ab") as f:
        f.write(b" bytes")
    equal(b"shared bytes", read("first"), "written through the other name")
    os.unlink(path("first"))
    equal(1, os.stat(path("d", "second")).st_nlink, "nlink after one name is gone")
    equal(b"shared bytes", read("d/second"), "content after one name is gone")
    fails(errno.EPERM, os.link, path("d"), path("dirlink"))
    fails(errno.EEXIST, os.link, path("d", "second"), path("d", "second"))
    fails(errno.ENOENT, os.link, path("absent"), path("x"))
    for i in range(100):
        os.link(path("d", "second"), path(f"many-{i}"))
    equal(101, os.stat(path("many-7")).st_nlink, "nlink of many")


def check_symlinks():
    for length in (1, 59, 60, 255, 1000, 4095):
        target = ("t" * length)[:length]
        os.symlink(target, path(f"sym-{length}"))
        equal(target, os.readlink(path(f"sym-{length}")), f"target of {length} bytes")
        equal(length, os.lstat(path(f"sym-{length}")).st_size, "size of a symbolic link")
    os.symlink("d/second", path("through"))
    equal(b"shared bytes", read("through"), "read through a symbolic link")
    os.symlink("loop", path("loop"))
    fails(errno.ELOOP, os.stat, path("loop"))
    os.symlink(b"\xff\xfe\n'\\", os.fsencode(path("raw")))
    equal(b"\xff\xfe\n'\\", os.readlink(os.fsencode(path("raw"))), "a target that is not UTF-8")
    fails(errno.EINVAL, os.readlink, path("d", "second"))
    os.link(path("raw"), path("raw2"), follow_symlinks=False)
    equal(2, os.lstat(path("raw2")).st_nlink, "nlink of a symbolic link")


def check_special():
    os.mkfifo(path("fifo"), 0o600)
    reader = os.open(path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path("fifo"), os.O_WRONLY)
    os.write(writer, b"through the pipe")
    equal(b"through the pipe", os.read(reader, 100), "a fifo")
    os.close(writer)
    os.close(reader)
    os.chdir(MNT)  # sun_path is short
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket")
    server.listen()
    client = socket.socket(socket.AF_UNIX)
    client.connect("socket")
    server.accept()[0].send(b"hello")
    equal(b"hello", client.recv(10), "a socket")
    os.chdir("/")
    if os.getuid() == 0:
        os.mknod(path("null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(path("block"), stat.S_IFBLK | 0o600, os.makedev(259, 1_000_000))
    os.mknod(path("plain"), stat.S_IFREG | 0o644)


def kinds():
    result = {}
    for entry in os.scandir(MNT):
        st = entry.stat(follow_symlinks=False)
        target = os.readlink(os.fsencode(entry.path)) if entry.is_symlink() else None
        result[entry.name] = (oct(st.st_mode), st.st_ino, st.st_rdev, st.st_nlink, target)
    return result


def main():
    os.umask(0)
    check_hard_links()
    check_symlinks()
    check_special()
    before = kinds()
    if os.getuid() == 0:
        equal(os.makedev(259, 1_000_000), before["block"][2], "device number")
    remount()
    equal(before, kinds(), "everything after remount")
    equal(b"shared bytes", read("through"), "content after remount")


main()
