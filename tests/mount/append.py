#!/usr/bin/python3
# Appends of several processes are whole and all there; writes with O_SYNC are committed when they return; O_DIRECT; how large a file
# may be.
# transport: uring
import errno
import mmap
import os
import random
import resource
import signal
import subprocess
import sys

from case import FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, equal, fails, fallocate, path, read, remount, shell, write

WRITERS = 6
RECORDS = 300
MOST = 2**63 - 4096
rng = random.Random(11)


def writer(number, flags, block):
    fd = os.open(path("log"), os.O_WRONLY | os.O_APPEND | flags)
    buffer = mmap.mmap(-1, block or 4096)
    for i in range(RECORDS):
        length = block or 20 + (number * 37 + i * 101) % 3000
        record = b"%d:%d:" % (number, i)
        record += b"." * (length - len(record) - 1) + b"\n"
        if flags & os.O_DIRECT:
            buffer[:] = record
            record = buffer
        equal(length, os.write(fd, record), "bytes written")


def check_appends(flags, block):
    write("log", b"")
    children = []
    for number in range(WRITERS):
        pid = os.fork()
        if pid == 0:
            try:
                writer(number, flags, block)
            except BaseException as e:  # pylint: disable=broad-except
                print(e, file=sys.stderr)
                os._exit(1)
            os._exit(0)
        children.append(pid)
    for pid in children:
        equal(0, os.waitpid(pid, 0)[1], "status of a writer")
    seen = [0] * WRITERS
    for line in read("log").splitlines():
        number, i, dots = line.split(b":")
        length = block or 20 + (int(number) * 37 + int(i) * 101) % 3000
        equal(length, len(line) + 1, "length of a record")
        equal(b"." * len(dots), dots, "a record")
        equal(seen[int(number)], int(i), f"records of writer {number} in order")
        seen[int(number)] += 1
    equal([RECORDS] * WRITERS, seen, "records")


def check_sync():
    """Asked of the database itself, without committing anything first."""
    for flags in (os.O_SYNC, os.O_DSYNC):
        fd = os.open(path(f"sync{flags}"), os.O_WRONLY | os.O_CREAT | flags)
        for i in range(10):
            os.write(fd, b"x" * 1000)
            size = shell("sql", f"select size from thule.file where path = '/sync{flags}'")
            equal(str((i + 1) * 1000), size, "size that is committed")
        os.close(fd)


def check_direct():
    fd = os.open(path("direct"), os.O_RDWR | os.O_CREAT | os.O_DIRECT)
    buffer = mmap.mmap(-1, 1 << 20)
    model = bytearray(8 << 20)
    for _ in range(60):
        off, length = rng.randrange(2000) * 4096, rng.randrange(1, 200) * 4096
        length = min(length, len(model) - off, 1 << 20)
        data = rng.randbytes(length)
        buffer[:length] = data
        equal(length, os.pwritev(fd, [memoryview(buffer)[:length]], off), "bytes written")
        model[off : off + length] = data
        off = rng.randrange(2000) * 4096
        n = os.preadv(fd, [buffer], off)
        size = os.fstat(fd).st_size
        equal(max(0, min(1 << 20, size - off)), n, "bytes read")
        equal(bytes(model[off : off + n]), buffer[:n], "a direct read")
    # Seen by the others, and they by it.
    equal(bytes(model[:size]), read("direct"), "through the cache")
    other = os.open(path("direct"), os.O_WRONLY)
    os.pwrite(other, b"cached", 4096)
    os.preadv(fd, [memoryview(buffer)[:4096]], 4096)
    equal(b"cached", buffer[:6], "a direct read of what was written through the cache")
    os.close(other)
    os.close(fd)


def check_largest():
    fd = os.open(path("largest"), os.O_RDWR | os.O_CREAT)
    equal(1, os.pwrite(fd, b"xyz", MOST - 1), "the last byte")
    equal(MOST, os.fstat(fd).st_size, "the largest size")
    equal(3, os.pwrite(fd, b"abc", MOST - 1000), "not at the end")
    fails(errno.EFBIG, os.pwrite, fd, b"x", MOST)
    fails(errno.EFBIG, os.pwrite, fd, b"xy", MOST + 100)
    os.lseek(fd, MOST, os.SEEK_SET)
    fails(errno.EFBIG, os.write, fd, b"x")
    fails(errno.EFBIG, os.ftruncate, fd, MOST + 1)
    fails(errno.EFBIG, os.posix_fallocate, fd, MOST, 1)
    fails(errno.EFBIG, fallocate, fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, MOST - 10, 100)
    source = os.open(path("log"), os.O_RDONLY)
    fails(errno.EFBIG, os.copy_file_range, source, fd, 10, 0, MOST)
    equal(4, os.copy_file_range(source, fd, 10, 0, MOST - 4), "bytes copied up to the end")
    os.pwrite(fd, b"x", MOST - 1)
    os.close(source)
    equal((b"abc", b"x"), (os.pread(fd, 3, MOST - 1000), os.pread(fd, 100, MOST - 1)), "bytes at the end")
    os.ftruncate(fd, 2**62)
    os.ftruncate(fd, MOST)
    equal(b"", os.pread(fd, 3, MOST), "past the end")
    equal(MOST - 1000, os.lseek(fd, MOST - 1000, os.SEEK_HOLE), "all is a hole")
    fails(errno.ENXIO, os.lseek, fd, 0, os.SEEK_DATA)
    os.pwrite(fd, b"y", MOST - 1)
    os.close(fd)
    remount()
    fd = os.open(path("largest"), os.O_RDWR)
    equal((MOST, b"y", bytes(3)), (os.fstat(fd).st_size, os.pread(fd, 10, MOST - 1), os.pread(fd, 3, MOST - 1000)), "after remount")
    equal(MOST - 4096, os.lseek(fd, 0, os.SEEK_DATA), "the block of the only byte")
    os.close(fd)
    op = shell("sql", "select max(op) from thule.op")
    os.truncate(path("largest"), 5)
    subprocess.run([os.environ["THULE"], "undo", "--since", f"op:{int(op) + 1}", path("largest")], check=True,
                   stdout=subprocess.DEVNULL)
    fd = os.open(path("largest"), os.O_RDONLY)
    equal(b"y", os.pread(fd, 10, MOST - 1), "the last byte after undo")
    os.close(fd)


def check_limit():
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
            fd = os.open(path("limited"), os.O_RDWR | os.O_CREAT)
            equal(10_000, os.write(fd, b"x" * 20_000), "bytes up to the limit")
            fails(errno.EFBIG, os.write, fd, b"x")
            fails(errno.EFBIG, os.ftruncate, fd, 10_001)
            fails(errno.EFBIG, os.posix_fallocate, fd, 0, 10_001)
        except BaseException as e:  # pylint: disable=broad-except
            print(e, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    equal(0, os.waitpid(pid, 0)[1], "status of the limited process")
    equal(10_000, os.stat(path("limited")).st_size, "size at the limit")


def main():
    check_appends(0, 0)
    check_appends(os.O_DIRECT, 4096)
    check_sync()
    check_direct()
    check_largest()
    check_limit()


main()
