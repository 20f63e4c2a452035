"""Helpers of mounted cases written in Python; run-case sets the environment, see mount.sh."""

import ctypes
import errno
import os
import subprocess
import sys
import time
import traceback

MNT = os.environ["MNT"]
LIB = os.path.dirname(os.path.realpath(__file__))
libc = ctypes.CDLL(None, use_errno=True)

AT_FDCWD = -100
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
RENAME_WHITEOUT = 4
SKIPPED = 77


def path(*names):
    return os.path.join(MNT, *names)


def skip(why):
    print("skipped:", why, file=sys.stderr)
    sys.exit(SKIPPED)


def need_root():
    if os.geteuid() != 0:
        skip("needs root")


def equal(expected, actual, what):
    if expected != actual:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def fails(code, function, *arguments, **named):
    """The call must fail with this errno."""
    try:
        result = function(*arguments, **named)
    except OSError as e:
        name = errno.errorcode.get(e.errno, e.errno)
        if e.errno != code:
            raise AssertionError(
                f"{function.__name__}{arguments}: expected {errno.errorcode[code]}, got {name}"
            ) from e
        return
    raise AssertionError(
        f"{function.__name__}{arguments} gave {result!r}, expected {errno.errorcode[code]}"
    )


def is_refused(function, *arguments):
    """Whether the call fails with EIO."""
    try:
        function(*arguments)
    except OSError as e:
        return e.errno == errno.EIO
    return False


def settled(count):
    """What count() gives once it stays: a server counts a statement when it has ended, which may be after its answer was read."""
    last = None
    while last != (now := count()):
        last = now
        time.sleep(0.05)
    return now


def as_user(uid, function, groups=()):
    """Runs function in a child with that user's credentials; its failure is ours."""
    need_root()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups(groups)
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            function()
            status = 0
        except BaseException:  # the child must end here, whatever happens
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if status:
        raise AssertionError(f"{function.__name__} as {uid} failed")


def write(name, data, mode="wb"):
    with open(path(name), mode) as f:
        f.write(data)


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def renameat2(old, new, flags):
    if libc.renameat2(AT_FDCWD, os.fsencode(path(old)), AT_FDCWD, os.fsencode(path(new)), flags):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), old)


def shell(function, *arguments):
    """Calls one of mount.sh's functions and returns what it printed."""
    script = '. "$0"; "$@"'
    done = subprocess.run(
        ["bash", "-c", script, os.path.join(LIB, "mount.sh"), function, *arguments],
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode().rstrip("\n")


def remount():
    shell("remount_fs")


def sql(query):
    """Rows as lists of strings; commits what is acknowledged first."""
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    lines = shell("sql", query).splitlines()
    return [line.split("|") for line in lines]


FALLOC_KEEP_SIZE = 1
FALLOC_PUNCH_HOLE = 2
FALLOC_ZERO_RANGE = 16


def fallocate(fd, mode, off, length):
    if libc.fallocate(fd, mode, ctypes.c_int64(off), ctypes.c_int64(length)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), fd)


def segments(fd):
    """Ranges of a file that have bytes, as lseek(2) tells them."""
    found = []
    end = 0
    while True:
        try:
            begin = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as e:
            if e.errno != errno.ENXIO:
                raise
            return found
        end = os.lseek(fd, begin, os.SEEK_HOLE)
        found.append((begin, end))
