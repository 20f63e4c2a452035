#!/usr/bin/python3
# SEEK_DATA and SEEK_HOLE by blocks, against a model, whether the bytes are committed or not, and in the past; programs
# that copy files with holes keep them.
# transport: uring
import errno
import os
import random
import subprocess

from case import (FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE, MNT, equal, fails, fallocate, path, read, remount,
                  segments, sql, write)

MOST = 1_000_000
BLOCK = 4096
rng = random.Random(9)


class Model:
    """Of each byte, whether the file has it."""

    def __init__(self):
        self.has = bytearray()

    def set(self, off, length, value):
        if off + length > len(self.has):
            self.has.extend(bytes(off + length - len(self.has)))
        self.has[off : off + length] = bytes([value]) * length

    def resize(self, size):
        del self.has[size:]
        self.has.extend(bytes(size - len(self.has)))

    def seek(self, off, value):
        if off >= len(self.has):
            return None
        while off < len(self.has) and self.has_block(off) != value:
            off += BLOCK - off % BLOCK
        if off >= len(self.has):
            return len(self.has) if value == 0 else None
        return off

    def has_block(self, off):
        begin = off - off % BLOCK
        return 1 in self.has[begin : begin + BLOCK]

    def segments(self):
        found, end = [], 0
        while (begin := self.seek(end, 1)) is not None:
            end = self.seek(begin, 0)
            found.append((begin, end))
        return found


def seek(fd, off, whence):
    try:
        return os.lseek(fd, off, whence)
    except OSError as e:
        if e.errno != errno.ENXIO:
            raise
        return None


def check_seek(model, fd, off, exact, what):
    """Of what is not committed, a block that was emptied by punching into it may still be told as data."""
    data, hole = seek(fd, off, os.SEEK_DATA), seek(fd, off, os.SEEK_HOLE)
    least_data, least_hole = model.seek(off, 1), model.seek(off, 0)
    if exact or off >= len(model.has):
        equal((least_data, least_hole), (data, hole), what)
        return
    equal(True, least_data is None or off <= data <= least_data, f"{what}: data at {data}, at {least_data} at the latest")
    equal(hole, model.seek(hole, 0) or len(model.has), f"{what}: a hole at {hole}, the next from there")
    equal(True, hole >= least_hole, f"{what}: a hole at {hole}, the first at {least_hole}")


def change(fd, model):
    what = rng.randrange(12)
    off, length = rng.randrange(MOST), rng.randrange(1, rng.choice([10, 5000, 200_000]))
    if what < 5:
        os.pwrite(fd, b"d" * length, off)
        model.set(off, length, 1)
    elif what < 7:
        fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, off, length)
        if off < len(model.has):
            model.set(off, min(length, len(model.has) - off), 0)
    elif what == 7:
        fallocate(fd, FALLOC_ZERO_RANGE, off, length)
        model.set(off, length, 0)
    elif what == 8:
        os.ftruncate(fd, off)
        model.resize(off)
    elif what == 9:
        os.fsync(fd)
    elif what == 10 and off + length < len(model.has):
        # A copy brings its holes along.
        to = off + length + rng.randrange(MOST)
        copied = 0
        while copied < length:
            copied += os.copy_file_range(fd, fd, length - copied, off + copied, to + copied)
        has = model.has[off : off + length]
        model.set(to, length, 0)
        model.has[to : to + length] = has


def check_model():
    model = Model()
    fd = os.open(path("m"), os.O_CREAT | os.O_RDWR)
    for i in range(300):
        change(fd, model)
        if i % 25 == 0:
            os.fsync(fd)
        for _ in range(3):
            off = rng.randrange(MOST + 1000)
            check_seek(model, fd, off, i % 25 == 0, f"step {i}: from {off}")
        if i % 25 == 0:
            equal(model.segments(), segments(fd), f"segments after step {i}")
    os.close(fd)
    return model


def check_ends():
    write("e", b"")
    fd = os.open(path("e"), os.O_RDWR)
    for whence in (os.SEEK_DATA, os.SEEK_HOLE):
        fails(errno.ENXIO, os.lseek, fd, 0, whence)
        fails(errno.ENXIO, os.lseek, fd, 10, whence)
    os.ftruncate(fd, 1000)
    equal(0, os.lseek(fd, 0, os.SEEK_HOLE), "all is a hole")
    fails(errno.ENXIO, os.lseek, fd, 0, os.SEEK_DATA)
    os.pwrite(fd, b"x", 999)
    equal((0, 1000), (os.lseek(fd, 0, os.SEEK_DATA), os.lseek(fd, 0, os.SEEK_HOLE)), "its block has a byte")
    os.ftruncate(fd, 10_000)
    equal(BLOCK, os.lseek(fd, 1, os.SEEK_HOLE), "the end of the block")
    os.pwrite(fd, b"x", 9_000)
    equal(8192, os.lseek(fd, 5000, os.SEEK_DATA), "the begin of the block")
    equal(8500, os.lseek(fd, 8500, os.SEEK_DATA), "within a block, before its byte")
    os.fsync(fd)
    equal((9500, 10_000), (os.lseek(fd, 9500, os.SEEK_DATA), os.lseek(fd, 9500, os.SEEK_HOLE)), "after its byte, committed")
    os.ftruncate(fd, 1000)
    fails(errno.ENXIO, os.lseek, fd, 1000, os.SEEK_HOLE)
    fails(errno.ENXIO, os.lseek, fd, -1, os.SEEK_DATA)
    os.close(fd)


def check_many():
    """More holes than one answer tells of, with more of them in the journal."""
    fd = os.open(path("many"), os.O_CREAT | os.O_RDWR)
    for i in range(0, 400, 2):
        os.pwrite(fd, b"x" * BLOCK, i * BLOCK)
    os.fsync(fd)
    equal([(i * BLOCK, i * BLOCK + BLOCK) for i in range(0, 400, 2)], segments(fd), "committed segments")
    for i in range(1, 300, 2):
        os.pwrite(fd, b"y" * BLOCK, i * BLOCK)
    equal(301 * BLOCK, os.lseek(fd, 0, os.SEEK_HOLE), "the hole after those that were filled")
    fallocate(fd, FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, 0, 350 * BLOCK)
    equal(350 * BLOCK, os.lseek(fd, 0, os.SEEK_DATA), "data after what was punched")
    os.close(fd)
    # Holes within blocks are not told, however many there are.
    fd = os.open(path("pieces"), os.O_CREAT | os.O_RDWR)
    for i in range(0, 400):
        os.pwrite(fd, b"x" * 100, i * 300)
    os.pwrite(fd, b"x", 200_000)
    for _ in range(2):
        equal((122_880, 196_608), (os.lseek(fd, 0, os.SEEK_HOLE), os.lseek(fd, 123_000, os.SEEK_DATA)), "pieces")
        os.fsync(fd)
    os.close(fd)


def check_programs(model):
    expected = read("m")
    with open(path("m"), "rb") as f:
        ranges = segments(f.fileno())
    equal(model.segments(), ranges, "segments after remount")
    scratch = os.environ["CASE_DIR"]
    subprocess.run(["cp", "--sparse=auto", path("m"), path("copied")], check=True)
    # Through another filesystem and back: read and written in pieces.
    subprocess.run(["tar", "-C", MNT, "--sparse", "-cf", f"{scratch}/m.tar", "m"], check=True)
    equal(True, os.stat(f"{scratch}/m.tar").st_size < len(expected), "the archive is smaller")
    os.mkdir(path("unpacked"))
    subprocess.run(["tar", "-C", path("unpacked"), "--sparse", "-xf", f"{scratch}/m.tar"], check=True)
    for name in ("copied", "unpacked/m"):
        equal(expected, read(name), f"content of {name}")
        with open(path(name), "rb") as f:
            found = segments(f.fileno())
        if name == "copied":
            equal(ranges, found, f"segments of {name}")
        equal(True, sum(hi - lo for lo, hi in found) < len(expected) * 9 // 10, f"{name} has holes")
        equal(True, os.stat(path(name)).st_blocks * 512 < len(expected), f"blocks of {name}")


def check_past(model):
    op = sql("select max(op) from thule.op")[0][0]
    os.truncate(path("m"), 10)
    fd = os.open(path(".thule", "at", f"op:{op}", "m"), os.O_RDONLY)
    equal(model.segments(), segments(fd), "segments as they were")
    fails(errno.ENXIO, os.lseek, fd, len(model.has), os.SEEK_HOLE)
    os.close(fd)


def main():
    check_ends()
    check_many()
    model = check_model()
    model.resize(MOST * 2)  # a hole at the end
    os.truncate(path("m"), MOST * 2)
    remount()
    check_programs(model)
    check_past(model)


main()
