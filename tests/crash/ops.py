"""Operations of one process in one directory, ours or the reference: each returns the kinds of the ops that the log is to have of it."""

import errno
import os
import random

from case import RENAME_EXCHANGE, fallocate, renameat2

# What who has lost the daemon is told. ECANCELED: on its way to a thread of an io_uring.
DEAD = (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.ECANCELED, errno.ENODEV)
PUNCH_KEEP = 3
BIG = 150_000  # bytes that go by COPY
# Of each the kernel makes one request: it splits a write behind the part of a page that it does not have.
RANGES = ((0, 1), (0, 5000), (10, 30), (4096, 1), (4096, 5000), (5000, 30))
NAMES = ("a", "b", "c", "e", "d/x", "d/y", "d", "f")


def bytes_of(seed, length):
    return random.Random(seed).randbytes(length)


class Open:
    def __init__(self, path, flags):
        self.fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o640)

    def __enter__(self):
        return self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def create(path):
    with Open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY):
        return ["create"]


def write(path, off, length, seed):
    with Open(path, os.O_RDWR) as fd:
        # The kernel ends a request at a page of which it lacks the rest, and would make two of this one when it has let go of that page.
        os.pread(fd, 1, off)
        if os.pwrite(fd, bytes_of(seed, length), off) != length:
            raise OSError(errno.EIO, "not all was written")
        return ["write"]


def punch(path, off, length):
    with Open(path, os.O_WRONLY) as fd:
        fallocate(fd, PUNCH_KEEP, off, length)
        return ["fallocate"]


def copy(old, new):
    with Open(old, os.O_RDONLY) as source, Open(new, os.O_WRONLY) as target:
        return ["copy_range"] if os.copy_file_range(source, target, 1 << 20) else []


def same(old, new):
    """Two names of one inode, with which a rename does nothing, says POSIX."""
    return all(map(os.path.lexists, (old, new))) and os.path.samestat(os.lstat(old), os.lstat(new))


def rename(old, new):
    kinds = [] if same(old, new) else ["rename"]
    os.rename(old, new)
    return kinds


def exchange(old, new):
    kinds = [] if same(old, new) else ["exchange"]
    renameat2(old, new, RENAME_EXCHANGE)
    return kinds


def truncate(path, size):
    with Open(path, os.O_WRONLY) as fd:
        os.ftruncate(fd, size)
        return ["truncate"]


def fsync(path):
    with Open(path, os.O_RDONLY) as fd:
        os.fsync(fd)
        return []


def plain(kind, function):
    """Of a call that is one op of this kind."""

    def do(*arguments):
        function(*arguments)
        return [kind]

    return do


# Name: the function, and how many of its first arguments are paths.
CALLS = {
    "create": (create, 1),
    "write": (write, 1),
    "punch": (punch, 1),
    "truncate": (truncate, 1),
    "copy": (copy, 2),
    "rename": (rename, 2),
    "exchange": (exchange, 2),
    "link": (plain("link", lambda old, new: os.link(old, new, follow_symlinks=False)), 2),
    "symlink": (plain("symlink", lambda path, target: os.symlink(target, path)), 1),
    "unlink": (plain("unlink", os.unlink), 1),
    "mkdir": (plain("mkdir", os.mkdir), 1),
    "rmdir": (plain("rmdir", os.rmdir), 1),
    "chmod": (plain("chmod", os.chmod), 1),
    "setxattr": (plain("setxattr", lambda path, text: os.setxattr(path, "user.a", text.encode())), 1),
    "fsync": (fsync, 1),
    "lose": (lambda: [], 0),  # the driver's: the session of the drain
}

# Of what every directory has at the beginning, and all sequences of one and two of these are made.
BASE = (["create", "a"], ["write", "a", 0, 20, 1], ["create", "b"], ["write", "b", 0, 5000, 2], ["mkdir", "d"], ["mkdir", "f"], ["create", "d/x"])
SMALL = (
    ["create", "c"],
    ["write", "a", 10, 30, 3],
    ["write", "b", 100, BIG, 4],
    ["truncate", "b", 1000],
    ["punch", "b", 0, 4096],
    ["copy", "b", "a"],
    ["rename", "a", "c"],
    ["rename", "b", "a"],
    ["exchange", "a", "d"],
    ["link", "a", "d/y"],
    ["symlink", "e", "a"],
    ["unlink", "a"],
    ["mkdir", "d/z"],
    ["rmdir", "f"],
    ["chmod", "a", 0o600],
    ["setxattr", "a", "value"],
)
SYNC = ["fsync", "."]
LOSE = ["lose"]


def do(base, op):
    """(errno or 0, kinds). Raises what a dead daemon says."""
    function, paths = CALLS[op[0]]
    arguments = op[1:]
    try:
        return 0, function(*(os.path.join(base, path) for path in arguments[:paths]), *arguments[paths:])
    except OSError as e:
        if e.errno in DEAD:
            raise
        return e.errno, []


class Generator:
    """Long sequences, of which most can be done."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def sequence(self, length):
        return [self.one() for _ in range(length)]

    def name(self):
        return self.random.choice(NAMES)

    def one(self):
        number = self.random.randrange(1 << 30)
        makers = (
            (5, lambda: ["create", self.name()]),
            (6, lambda: ["write", self.name(), *self.random.choice(RANGES), number]),
            (1, lambda: ["write", self.name(), 0, BIG, number]),
            (2, lambda: ["truncate", self.name(), self.random.choice((0, 10, 4096, 9000))]),
            (1, lambda: ["punch", self.name(), 0, 4096]),
            (2, lambda: ["copy", self.name(), self.name()]),
            (3, lambda: ["rename", self.name(), self.name()]),
            (1, lambda: ["exchange", self.name(), self.name()]),
            (2, lambda: ["link", self.name(), self.name()]),
            (1, lambda: ["symlink", self.name(), "a"]),
            (3, lambda: ["unlink", self.name()]),
            (2, lambda: ["mkdir", self.name()]),
            (2, lambda: ["rmdir", self.name()]),
            (2, lambda: ["chmod", self.name(), self.random.choice((0o600, 0o640, 0o700))]),
            (2, lambda: ["setxattr", self.name(), str(number)]),
            (2, lambda: ["fsync", self.random.choice((".", self.name()))]),
            (0.5, lambda: LOSE),
        )
        return self.random.choices([make for _, make in makers], [weight for weight, _ in makers])[0]()
