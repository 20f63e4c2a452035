#!/usr/bin/python3
# Bytes that are asked for before anybody reads them: with how few statements, and that nobody gets them after they were overwritten,
# cut, replaced or taken back. Direct reads see what the daemon has; the others see what the kernel keeps.
# options: cache_data=2M
import json
import os
import random
import subprocess
import threading

from case import FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, MNT, equal, fallocate, path, remount, settled, shell, sql, write
from statements import STATEMENTS

KIB, MIB = 1 << 10, 1 << 20
CHUNK = 128 * KIB
random_bytes = random.Random(9).randbytes


def asked():
    """Statements so far that brought bytes of files. What is asked for changes nothing, so there is nothing to commit."""
    return int(shell("sql", f"select coalesce(sum(calls), 0) from {STATEMENTS} where query ilike '%join thule.blob%'"))


def at_most(limit, what, function, *arguments):
    before = settled(asked)
    function(*arguments)
    count = asked() - before
    if count > limit:
        raise AssertionError(f"{what}: expected at most {limit} statements, got {count}")


def whole(name, expected):
    with open(path(name), "rb") as f:
        equal(True, f.read() == expected, f"the bytes of {name}")


def direct(name, off, length):
    fd = os.open(path(name), os.O_RDONLY | os.O_DIRECT)
    try:
        return os.pread(fd, length, off)
    finally:
        os.close(fd)


def small_bytes(name):
    return (name + "\n").encode() * (20 + 3 * int(name[-3:]))


def make_folder(folder):
    os.mkdir(path(folder))
    for i in range(100):
        write(f"{folder}/{i:03}", small_bytes(f"{folder}/{i:03}"))


def read_all(folder, count=100):
    """As `cat folder/*` does."""
    for name in sorted(os.listdir(path(folder)))[:count]:
        name = f"{folder}/{name}"
        whole(name, small_bytes(name))


def random_reads(name, count):
    fd = os.open(path(name), os.O_RDONLY)
    for off in random.Random(3).sample(range(16, 8 * 256, 16), count):
        os.pread(fd, 4096, off * 4096)
    os.close(fd)


def shapes(big):
    remount()
    at_most(32, "8 MiB read in order", whole, "big", big)
    at_most(0, "8 MiB that the kernel keeps", whole, "big", big)
    remount()
    at_most(30, "30 reads of 4 KiB here and there", random_reads, "big", 30)
    remount()
    at_most(5, "100 small files of a directory", read_all, "one")
    at_most(0, "small files that the kernel keeps", read_all, "one")
    at_most(2, "100 small files of the next directory", read_all, "two")
    remount()
    at_most(8, "tar of 300 small files in three directories", subprocess.run,
            ["sh", "-c", f"tar -cf - -C {MNT} one two three | cat >/dev/null"])


def prepare(name, data):
    """A file of which the daemon has bytes that nobody has read."""
    write(name, data)
    remount()
    fd = os.open(path(name), os.O_RDONLY | os.O_DIRECT)
    for off in range(0, 4 * CHUNK, CHUNK):
        equal(data[off:off + CHUNK], os.pread(fd, CHUNK, off), f"{name} at {off}")
    os.close(fd)


def change(name, change_it):
    fd = os.open(path(name), os.O_RDWR)
    change_it(fd)
    os.fsync(fd)
    os.close(fd)


def check(name, data, what):
    """Twice, as what comes in between may be kept, too."""
    for _ in range(2):
        for off in range(0, len(data), CHUNK):
            equal(True, data[off:off + CHUNK] == direct(name, off, CHUNK), f"{what}: {name} at {off}")


def copy(fd, off):
    source = os.open(path("big"), os.O_RDONLY)
    equal(CHUNK, os.copy_file_range(source, fd, CHUNK, 0, off), "bytes copied")
    os.close(source)


def changes(big):
    """Each place where bytes of a file change."""
    data = random_bytes(2 * MIB)
    new = random_bytes(3000)
    at = 5 * CHUNK + 1000
    zeros = bytes(8192)

    def edited(off, piece):
        return data[:off] + piece + data[off + len(piece):]

    prepare("file", data)
    change("file", lambda fd: os.pwrite(fd, new, at))
    check("file", edited(at, new), "after a write")
    prepare("file", data)
    change("file", lambda fd: fallocate(fd, FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE, 5 * CHUNK + 4096, 8192))
    check("file", edited(5 * CHUNK + 4096, zeros), "after a hole was made")
    prepare("file", data)
    change("file", lambda fd: (os.ftruncate(fd, at), os.ftruncate(fd, len(data))))
    check("file", data[:at] + bytes(len(data) - at), "after it was cut and extended")
    prepare("file", data)
    change("file", lambda fd: copy(fd, 6 * CHUNK))
    check("file", edited(6 * CHUNK, big[:CHUNK]), "after a copy into it")
    prepare("file", data)
    os.unlink(path("file"))
    write("file", big[:2 * MIB])
    check("file", big[:2 * MIB], "after another took its name")
    prepare("file", data)
    op = sql("select max(op) from thule.op")[0][0]
    write("file", big[:2 * MIB])
    remount()
    direct("file", 0, CHUNK)
    direct("file", CHUNK, CHUNK)
    subprocess.run([os.environ["THULE"], "restore", path("file"), "--at", f"op:{op}"], check=True, stdout=subprocess.DEVNULL)
    check("file", data, "after it was restored")


def small_changes():
    """Neighbours that came along and were changed since."""
    for how in ("write", "replace", "truncate"):
        remount()
        read_all("three", 2)
        name = "three/010"
        if how == "replace":
            write("new", b"other bytes")
            os.rename(path("new"), path(name))
        elif how == "write":
            change(name, lambda fd: os.pwrite(fd, b"other bytes", 0))
        else:
            change(name, lambda fd: os.ftruncate(fd, 0))
            change(name, lambda fd: os.pwrite(fd, b"other bytes", 0))
        sql("select 1")
        equal(b"other bytes", direct(name, 0, 65536)[:11], f"after {how}")
        write(name, small_bytes(name))


def sparse():
    with open(path("sparse"), "wb") as f:
        f.truncate(4 * MIB)
        for off in (0, 100 * KIB, 700 * KIB + 5, 3 * MIB - 7):
            f.seek(off)
            f.write(b"x" * 9999)
    with open(path("sparse"), "rb") as f:
        data = f.read()
    remount()
    whole("sparse", data)
    fd = os.open(path("pieces"), os.O_CREAT | os.O_RDWR)
    pieces = bytearray(random_bytes(MIB))
    os.pwrite(fd, pieces, 0)
    for off in range(0, MIB, 8192):
        pieces[off:off + 100] = b"p" * 100
        os.pwrite(fd, b"p" * 100, off)
    os.close(fd)
    remount()
    whole("pieces", bytes(pieces))


def memory():
    done = subprocess.run([os.environ["THULE"], "status", MNT, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["memory"]["file data"]


def together(big):
    """More who read at once than there is memory for, beside one who writes."""
    failed = []
    stop = threading.Event()

    def reader(n):
        try:
            for off in range(0, 8 * MIB, CHUNK):
                equal(True, direct("big", off, CHUNK) == big[off:off + CHUNK], f"reader {n} at {off}")
        except AssertionError as e:
            failed.append(e)

    def writer():
        n = 0
        with open(path("busy"), "wb") as f:
            while not stop.is_set() and n < 2000:
                f.write(random_bytes(4096))
                n += 1

    remount()
    readers = [threading.Thread(target=reader, args=(n,)) for n in range(6)]
    beside = threading.Thread(target=writer)
    for thread in readers + [beside]:
        thread.start()
    for thread in readers:
        thread.join()
    stop.set()
    beside.join()
    equal([], failed, "readers")
    used = memory()
    equal(True, used["used"] <= used["limit"] == 2 * MIB, f"bytes of files in memory: {used}")


def main():
    shell("sql", "create extension if not exists pg_stat_statements")
    big = random_bytes(8 * MIB)
    write("big", big)
    for folder in ("one", "two", "three"):
        make_folder(folder)
    shapes(big)
    changes(big)
    small_changes()
    sparse()
    together(big)


main()
