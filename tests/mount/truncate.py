#!/usr/bin/python3
# Sizes: truncate down and up, holes, offsets past 4 GiB and at 2^63-1.
# transport: uring
import errno
import os
import random

from case import equal, fails, path, read, remount, write

TOP = 2**63 - 1
rng = random.Random(2)


def check_truncate():
    """Random truncates and writes, against the same in memory."""
    model = bytearray()
    fd = os.open(path("t"), os.O_CREAT | os.O_RDWR, 0o644)
    for step in range(300):
        size = rng.randrange(300_000)
        if rng.random() < 0.5:
            os.ftruncate(fd, size)
            model = model[:size] + bytes(max(0, size - len(model)))
        else:
            data = rng.randbytes(rng.choice([1, 1000, 70_000]))
            os.pwrite(fd, data, size)
            model += bytes(max(0, size - len(model)))
            model[size : size + len(data)] = data
        equal(len(model), os.fstat(fd).st_size, f"size at step {step}")
        if step % 20 == 0:
            equal(bytes(model), os.pread(fd, len(model) + 1, 0), f"content at step {step}")
    os.close(fd)
    return bytes(model)


def check_shrink_and_grow():
    """Bytes that were cut off never come back."""
    write("cut", b"secret" * 50_000)
    os.truncate(path("cut"), 1000)
    os.truncate(path("cut"), 300_000)
    data = read("cut")
    equal(b"secret" * 166 + b"secr", data[:1000], "what is left")
    equal(bytes(299_000), data[1000:], "zeros instead of old bytes")
    fails(errno.EINVAL, os.truncate, path("cut"), -1)
    fails(errno.ENOENT, os.truncate, path("absent"), 0)


def check_sparse():
    fd = os.open(path("sparse"), os.O_CREAT | os.O_RDWR, 0o644)
    spots = [0, 5 << 20, (1 << 32) - 3, (1 << 32) + 12_345, 5 << 40]
    for i, off in enumerate(spots):
        os.pwrite(fd, b"spot %d" % i, off)
    equal(spots[-1] + 6, os.fstat(fd).st_size, "size of a sparse file")
    check_spots(fd, spots)
    if os.fstat(fd).st_blocks * 512 > 10 << 20:
        raise AssertionError("holes count as blocks")
    os.close(fd)
    return spots


def check_spots(fd, spots):
    for i, off in enumerate(spots):
        equal(b"spot %d" % i, os.pread(fd, 6, off), f"bytes at {off}")
        equal(bytes(100), os.pread(fd, 100, off + 6 + 4096), f"hole after {off}") if off < spots[-1] else None
    equal(b"", os.pread(fd, 10, spots[-1] + 6), "read at the end")


def check_limits():
    """Nothing can be written past the largest file, and trying does no harm."""
    fd = os.open(path("limit"), os.O_CREAT | os.O_RDWR, 0o644)
    os.pwrite(fd, b"kept", 0)
    for off in (TOP, TOP - 1, TOP - 4095):
        try:
            os.pwrite(fd, b"x" * 8192, off)
        except OSError as e:
            if e.errno not in (errno.EFBIG, errno.EINVAL, errno.EOVERFLOW):
                raise
        else:
            raise AssertionError(f"8 KiB written at {off}")
    equal(b"", os.pread(fd, 10, TOP - 10), "read near the limit")
    equal(4, os.fstat(fd).st_size, "size after refused writes")
    equal(b"kept", os.pread(fd, 10, 0), "content after refused writes")
    os.close(fd)


def main():
    model = check_truncate()
    check_shrink_and_grow()
    spots = check_sparse()
    check_limits()
    remount()
    equal(model, read("t"), "content after remount")
    fd = os.open(path("sparse"), os.O_RDONLY)
    check_spots(fd, spots)
    os.close(fd)
    equal(b"kept", read("limit"), "content after remount")


main()
