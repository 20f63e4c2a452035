#!/usr/bin/python3
# Shared mappings: stores become writes, and writes are seen by mappings.
# transport: uring
import mmap
import os
import random

from case import equal, path, read, remount

SIZE = 3 * 1024 * 1024 + 777
rng = random.Random(3)


def main():
    model = bytearray(rng.randbytes(SIZE))
    fd = os.open(path("m"), os.O_CREAT | os.O_RDWR, 0o644)
    os.write(fd, model)
    shared = mmap.mmap(fd, SIZE)
    for _ in range(500):
        off = rng.randrange(SIZE - 5000)
        data = rng.randbytes(rng.randrange(1, 5000))
        shared[off : off + len(data)] = data
        model[off : off + len(data)] = data
    shared.flush()
    equal(bytes(model), read("m"), "content after msync")
    os.pwrite(fd, b"by pwrite", 100_000)
    equal(b"by pwrite", shared[100_000:100_009], "a write seen by a mapping")
    model[100_000:100_009] = b"by pwrite"
    shared[200_000:200_009] = b"unflushed"
    model[200_000:200_009] = b"unflushed"
    shared.close()
    os.fsync(fd)
    os.close(fd)

    fd = os.open(path("grown"), os.O_CREAT | os.O_RDWR, 0o644)
    os.ftruncate(fd, 1 << 20)
    hole = mmap.mmap(fd, 1 << 20)
    hole[500_000:500_004] = b"hole"
    hole.close()
    os.close(fd)

    fd = os.open(path("gone"), os.O_CREAT | os.O_RDWR, 0o644)
    os.write(fd, bytes(8192))
    kept = mmap.mmap(fd, 8192)
    os.close(fd)
    os.unlink(path("gone"))
    kept[0:4] = b"kept"
    equal(b"kept", kept[0:4], "a mapping of a file without a name")
    kept.close()

    remount()
    equal(bytes(model), read("m"), "content after remount")
    equal(bytes(500_000) + b"hole" + bytes((1 << 20) - 500_004), read("grown"), "stores into a hole")


main()
