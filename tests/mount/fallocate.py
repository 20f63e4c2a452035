#!/usr/bin/python3
# fallocate(2): bytes, sizes, times and blocks in every mode against a model; a hole that was punched is in log, blame, diff and
# the past, and can be undone.
# transport: uring
import errno
import os
import random
import subprocess
import time

from case import (FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE, MNT, equal, fails, fallocate, path, read, remount, shell,
                  sql, write)

THULE = os.environ["THULE"]
PUNCH = FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE
MODES = [0, FALLOC_KEEP_SIZE, PUNCH, FALLOC_ZERO_RANGE, FALLOC_ZERO_RANGE | FALLOC_KEEP_SIZE]
MOST = 1_500_000
rng = random.Random(8)


def thule(*arguments, status=0):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stdout}{done.stderr}")
    return done.stdout


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


def put(model, off, data):
    if off > len(model):
        model.extend(bytes(off - len(model)))
    model[off : off + len(data)] = data


def step(fd, model):
    what = rng.randrange(10)
    off, length = rng.randrange(MOST), rng.randrange(1, rng.choice([100, 5000, 300_000]))
    if what < 4:
        data = rng.randbytes(length)
        os.pwrite(fd, data, off)
        put(model, off, data)
    elif what == 4:
        os.ftruncate(fd, off)
        del model[off:]
        model.extend(bytes(off - len(model)))
    elif what == 5:
        os.fsync(fd)
    else:
        mode = rng.choice(MODES)
        fallocate(fd, mode, off, length)
        if not mode & FALLOC_KEEP_SIZE and off + length > len(model):
            model.extend(bytes(off + length - len(model)))
        if mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE) and off < len(model):
            end = min(off + length, len(model))
            model[off:end] = bytes(end - off)


def check_model():
    model = bytearray()
    fd = os.open(path("m"), os.O_CREAT | os.O_RDWR)
    for i in range(400):
        step(fd, model)
        equal(len(model), os.fstat(fd).st_size, f"size after step {i}")
        if i % 20 == 0:
            equal(bytes(model), read("m"), f"content after step {i}")
    os.close(fd)
    remount()
    equal(bytes(model), read("m"), "content after remount")
    # Blocks are at least those of the bytes that are there.
    held = int(sql("select sum(len) from thule.extent e join thule.file f using (ino) where path = '/m'")[0][0])
    blocks = os.stat(path("m")).st_blocks * 512
    equal(True, held <= blocks < len(model) + 4096, f"{blocks} bytes of blocks for {held} of {len(model)}")


def check_blocks():
    """Without holes they are exact, and after punching what was without."""
    write("b", bytes(1 << 20))
    equal(2048, os.stat(path("b")).st_blocks, "blocks of a whole file")
    fd = os.open(path("b"), os.O_RDWR)
    fallocate(fd, PUNCH, 256 << 10, 512 << 10)
    equal(1024, os.fstat(fd).st_blocks, "blocks after punching the middle")
    fallocate(fd, PUNCH, 0, 1 << 30)
    equal((0, 1 << 20), (os.fstat(fd).st_blocks, os.fstat(fd).st_size), "blocks and size after punching all")
    # In a file with holes it is known what was there, committed or not.
    os.ftruncate(fd, 64 << 20)
    for off in range(0, 64 << 20, 8 << 20):
        os.pwrite(fd, bytes(1 << 20), off)
    equal(16384, os.fstat(fd).st_blocks, "blocks of a file with holes")
    fallocate(fd, PUNCH, 0, 16 << 20)
    os.fsync(fd)
    fallocate(fd, PUNCH, 30 << 20, 16 << 20)
    fallocate(fd, PUNCH, 30 << 20, 16 << 20)
    equal(8192, os.fstat(fd).st_blocks, "blocks after punching some of it")
    fallocate(fd, FALLOC_ZERO_RANGE, 0, 64 << 20)
    equal(131072, os.fstat(fd).st_blocks, "blocks after zeroing all")
    fallocate(fd, PUNCH, 0, 64 << 20)
    equal(0, os.fstat(fd).st_blocks, "blocks after punching all")
    os.ftruncate(fd, 0)
    fallocate(fd, FALLOC_KEEP_SIZE, 0, 8 << 20)
    equal((0, 0), (os.fstat(fd).st_blocks, os.fstat(fd).st_size), "blocks past the end are not counted")
    # Writing into what was allocated needs no more blocks.
    fallocate(fd, 0, 4095, 2)
    equal((8, 4097), (os.fstat(fd).st_blocks, os.fstat(fd).st_size), "blocks of two bytes")
    fallocate(fd, 0, 0, 8 << 20)
    for off in range(0, 8 << 20, 1 << 20):
        os.pwrite(fd, b"x" * 100_000, off)
        equal((16384, 8 << 20), (os.fstat(fd).st_blocks, os.fstat(fd).st_size), "blocks allocated and written")
    os.close(fd)


def check_times():
    write("t", b"x" * 10_000)
    for mode in MODES:
        os.utime(path("t"), ns=(1, 1))
        before = os.stat(path("t"))
        fd = os.open(path("t"), os.O_RDWR)
        start = time.time_ns()
        fallocate(fd, mode, 5000, 1000)
        after = os.fstat(fd)
        equal(True, after.st_mtime_ns >= start - 10_000_000 and after.st_ctime_ns > before.st_ctime_ns, f"times of mode {mode}")
        equal(1, after.st_atime_ns, f"atime after mode {mode}")
        os.close(fd)


def check_refused():
    fd = os.open(path("t"), os.O_RDWR)
    before = last_op()
    for mode in [FALLOC_PUNCH_HOLE, 8, 32, 64]:  # collapse, insert, unshare; the kernel refuses some by itself
        fails(errno.EOPNOTSUPP, fallocate, fd, mode, 0, 4096)
    fails(errno.EINVAL, fallocate, fd, 0, 0, 0)
    fails(errno.EINVAL, fallocate, fd, 0, -1, 10)
    fails(errno.EFBIG, fallocate, fd, 0, 2**63 - 10, 100)
    equal(before, last_op(), "the last op after what was refused")
    os.close(fd)
    fd = os.open(path("t"), os.O_RDONLY)
    fails(errno.EBADF, fallocate, fd, 0, 0, 10)
    os.close(fd)
    fd = os.open(MNT, os.O_RDONLY)
    fails(errno.EBADF, fallocate, fd, 0, 0, 10)
    os.close(fd)
    os.mkfifo(path("fifo"))
    fd = os.open(path("fifo"), os.O_RDWR)
    fails(errno.ESPIPE, fallocate, fd, 0, 0, 10)
    os.close(fd)


def punch(name, off, length):
    subprocess.run(["fallocate", "-p", "-o", str(off), "-l", str(length), path(name)], check=True)


def check_history():
    """An extent that ended with nothing after it."""
    data = rng.randbytes(400_000)
    write("h", data)
    first = last_op()
    punch("h", 100_000, 200_000)
    punched = last_op()
    hole = data[:100_000] + bytes(200_000) + data[300_000:]
    equal(hole, read("h"), "content with a hole")
    rows = sql(f"select kind, path, off, len from thule.change where op = {punched}")
    equal([["fallocate", "/h", "100000", "200000"]], rows, "the log")
    equal(True, "fallocate" in thule("log", path("h")), "thule log")
    equal([["0", "100000"], ["300000", "100000"]], sql("select off, sum(len) from thule.blame('/h') group by 1 order by 1"), "blame")
    equal([["modified", "/h", "{content,mtime}"]],
          sql(f"select change, path, what from thule_internal.diff_ops({first}, {punched}, null)"), "diff")
    equal(data, subprocess.run([THULE, "cat", path("h"), "--at", f"op:{first}"], stdout=subprocess.PIPE, check=True).stdout, "then")

    write("h", b"later", "r+b")
    thule("undo", "--since", f"op:{punched}", "--until", f"op:{punched}")
    equal(b"later" + data[5:], read("h"), "content after the punch was undone")
    equal(784, os.stat(path("h")).st_blocks, "blocks after it")
    thule("restore", path("h"), "--at", f"op:{punched}")
    equal(hole, read("h"), "content restored to the hole")
    thule("restore", path("h"), "--at", f"op:{first}")
    equal(data, read("h"), "content restored to before it")

    # What it extended goes back, too; what somebody wrote into the hole stays.
    before = last_op()
    subprocess.run(["fallocate", "-z", "-o", "350000", "-l", "100000", path("h")], check=True)
    equal(450_000, os.stat(path("h")).st_size, "size after zeroing past the end")
    equal(data[:350_000] + bytes(100_000), read("h"), "zeros")
    thule("undo", "--since", f"op:{before + 1}", "--exe", "fallocate")
    equal(data, read("h"), "content after zeroing was undone")


def check_journal():
    """Holes that are only in the journal when the daemon dies."""
    data = rng.randbytes(300_000)
    write("j", data)
    fd = os.open(path("j"), os.O_RDWR)
    fallocate(fd, PUNCH, 1000, 150_000)
    os.pwrite(fd, b"again", 2000)
    fallocate(fd, FALLOC_ZERO_RANGE, 299_000, 2000)
    shell("kill_daemon")
    try:
        os.close(fd)
    except OSError:
        pass
    shell("mount_fs")
    expected = bytearray(data + bytes(1000))
    expected[1000:151_000] = bytes(150_000)
    expected[2000:2005] = b"again"
    expected[299_000:] = bytes(2000)
    equal(bytes(expected), read("j"), "content after a crash")


def main():
    check_model()
    check_blocks()
    check_times()
    check_refused()
    check_history()
    check_journal()


main()
