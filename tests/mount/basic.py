#!/usr/bin/python3
# Files: create, write, read, overwrite, append, stat, unlink; and all of it again after a remount.
# transport: uring
import errno
import os
import random
import stat

from case import MNT, equal, fails, path, read, remount, sql, write

rng = random.Random(1)


def check_open_flags():
    fd = os.open(path("excl"), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640)
    equal(0, os.fstat(fd).st_size, "size of a new file")
    os.close(fd)
    fails(errno.EEXIST, os.open, path("excl"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    fails(errno.ENOENT, os.open, path("absent"), os.O_RDONLY)
    fails(errno.EISDIR, os.open, MNT, os.O_WRONLY)
    fails(errno.ENOTDIR, os.open, path("excl", "below"), os.O_RDONLY)
    write("excl", b"x" * 5000)
    os.close(os.open(path("excl"), os.O_WRONLY | os.O_TRUNC))
    equal(b"", read("excl"), "content after O_TRUNC")
    fd = os.open(path("excl"), os.O_RDONLY)
    fails(errno.EBADF, os.write, fd, b"no")
    os.close(fd)


def check_marks():
    """A mount that has ended is known by its last op still, whoever wrote after it: a journal that it left goes on there."""
    write("after", b"by the next mount")
    fd = os.open(MNT, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    marks = sql("select m.id, thule_internal.applied_op(m.id), max(o.op) from thule.mount m join thule.op o on o.mount = m.id group by m.id")
    equal(True, len(marks) > 1, "there were several mounts")
    equal([[mount, last, last] for mount, _, last in marks], marks, "the last op of each mount")


def check_sizes(sizes):
    contents = {}
    for size in sizes:
        name = f"size-{size}"
        contents[name] = rng.randbytes(size)
        write(name, contents[name])
        equal(size, os.stat(path(name)).st_size, f"size of {name}")
        equal(contents[name], read(name), f"content of {name}")
    return contents


def check_overwrites(contents):
    """Random writes in place, against the same in memory."""
    name = "overwritten"
    model = bytearray(rng.randbytes(400_000))
    write(name, model)
    with open(path(name), "r+b", buffering=0) as f:
        for _ in range(300):
            off = rng.randrange(len(model))
            data = rng.randbytes(min(rng.choice([1, 100, 4096, 40_000]), len(model) - off))
            f.seek(off)
            f.write(data)
            model[off : off + len(data)] = data
            at = rng.randrange(len(model))
            f.seek(at)
            equal(bytes(model[at : at + 10_000]), f.read(10_000), f"read back at {at}")
    contents[name] = bytes(model)


def check_append(contents):
    expected = b""
    first = os.open(path("log"), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    second = os.open(path("log"), os.O_APPEND | os.O_WRONLY)
    for i in range(200):
        line = f"line {i}\n".encode()
        os.write(first if i % 2 else second, line)
        expected += line
    os.close(first)
    os.close(second)
    contents["log"] = expected


def check_directories():
    os.mkdir(path("d"), 0o750)
    equal(0o750, stat.S_IMODE(os.stat(path("d")).st_mode), "mode of a directory")
    fails(errno.EEXIST, os.mkdir, path("d"))
    os.makedirs(path("d", "a", "b", "c"))
    equal(3, os.stat(path("d")).st_nlink, "nlink of a directory with one subdirectory")
    fails(errno.ENOTEMPTY, os.rmdir, path("d"))
    fails(errno.EISDIR, os.unlink, path("d"))
    fails(errno.ENOTDIR, os.rmdir, path("log"))
    fails(errno.ENOENT, os.rmdir, path("absent"))
    os.rmdir(path("d", "a", "b", "c"))
    equal([], os.listdir(path("d", "a", "b")), "an emptied directory")
    equal(2, os.stat(path("d", "a", "b")).st_nlink, "nlink of an emptied directory")


def check_unlink():
    os.unlink(path("size-1"))
    fails(errno.ENOENT, os.stat, path("size-1"))
    fails(errno.ENOENT, os.unlink, path("size-1"))
    write("size-1", b"new")
    equal(b"new", read("size-1"), "a name used again")
    os.unlink(path("size-1"))


def main():
    check_open_flags()
    contents = check_sizes([0, 1, 4095, 4096, 4097, 131071, 131072, 131073, 1_000_000])
    check_overwrites(contents)
    check_append(contents)
    check_directories()
    check_unlink()
    del contents["size-1"]
    for _ in range(2):
        for name, data in contents.items():
            equal(data, read(name), f"content of {name}")
        equal(sorted([*contents, "d", "excl"]), sorted(os.listdir(MNT)), "names in the root")
        remount()
    check_marks()


main()
