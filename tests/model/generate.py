"""Sequences of operations from a seed. Few names, sizes and ids, so that operations meet each other."""

import os
import random
import stat as st

from calls import TIMES, UTIME_NOW, UTIME_OMIT
from worker import IDENTITIES, SLOTS

# Families of operations, and whether they are on unless asked for. A family that does not work yet is off, with why.
FAMILIES = {
    "file": True,
    "name": True,
    "node": True,
    "attr": True,
    "process": True,
    "lock": True,
    "mmap": True,
    "fsync": True,
    "copy": True,
    "tmpfile": True,
    "fallocate": True,
    "seek": True,
    "xattr": True,
    "acl": True,
    "flags": True,
}

NAMES = ("a", "b", "c", "d", "e")
ODD = ("", ".", "..", "/", "x" * 255, "x" * 256, "a\n", "\udcff", "a/", "b/.", "c/..", "./d")
MODES = (0, 0o400, 0o200, 0o600, 0o644, 0o755, 0o755, 0o777, 0o777, 0o1777, 0o2775, 0o2770, 0o4755, 0o6777, 0o111)
SIZES = (0, 1, 10, 100, 700, 4095, 4096, 5000, 40000, 131073)
OFFSETS = (0, 0, 1, 100, 700, 4095, 4096, 4097, 8192, 65536, 131071, 131072, 131073, 300000)
ODD_OFFSETS = (-1, 1 << 30, (1 << 40) + 1)  # what is too big is another for each filesystem
TARGETS = (*NAMES, "a/b", "../a", "/b", "/c/d", ".", "..", "nothing", "a/", "x" * 4095, "")
UIDS = (-1, 0, *(i.uid for i in IDENTITIES))
GIDS = (-1, 0, 5001, 5002, 5003)
EXTRA_FLAGS = (
    (os.O_CREAT, 0.5),
    (os.O_EXCL, 0.1),
    (os.O_TRUNC, 0.12),
    (os.O_APPEND, 0.15),
    (os.O_NOFOLLOW, 0.08),
    (os.O_DIRECTORY, 0.06),
    (os.O_PATH, 0.05),
    (os.O_SYNC, 0.01),
    (os.O_NOATIME, 0.02),
)
NODES = (st.S_IFIFO, st.S_IFIFO, st.S_IFSOCK, st.S_IFREG, st.S_IFCHR, st.S_IFBLK, 0, st.S_IFDIR)
FALLOCATE = (0, 0, 1, 3, 3, 0x10, 0x11, 2)
XATTRS = (
    ("user.a", "user.a", "user.b", "user.c", "trusted.a", "trusted.b", "security.a", "security.a")
    + ("user.", "user", "other.a", "", "user." + "n" * 250, "user." + "n" * 251)
)
ACLS = ("system.posix_acl_access", "system.posix_acl_default")
XATTR_SIZES = (0, 1, 10, 100, 300)  # all of a file's fit in one block of ext4
IFLAGS = (0, 0, 0x10, 0x20, 0x40, 0x80, 0x60)
NO_ID = 0xFFFFFFFF


class Sequence:
    """Operations [WORKER, CALL, ARGUMENT...], the mode of the directory they begin in, and whether each is observed."""

    def __init__(self, ops, mode=0o777, observing=True, seed=None):
        self.ops = ops
        self.mode = mode
        self.observing = observing
        self.seed = seed

    def uses(self, name):
        return any(op[1] == name for op in self.ops)

    def ways(self):
        """Whether calls are made in several ways: ways.py."""
        return any(op[0] >= len(IDENTITIES) for op in self.ops)

    def like(self, ops):
        return Sequence(ops, self.mode, self.observing, self.seed)


class Generator:
    def __init__(self, seed, families, workers=len(IDENTITIES)):
        self.random = random.Random(seed)
        self.seed = seed
        self.workers = workers
        # Where something is immutable, an excuse hides more: see excuses.py.
        if self.chance(0.8):
            families = set(families) - {"flags"}
        self.table = [(weight, make) for weight, family, make in self.makers() if family in families]

    def makers(self):
        """Weight, family, and what makes the call with its arguments."""
        return (
            (14, "file", self.open),
            (4, "file", lambda: ["close", self.slot()]),
            (3, "file", lambda: ["read", self.slot(), self.size()]),
            (6, "file", lambda: ["write", self.slot(), self.byte(), self.size()]),
            (4, "file", lambda: ["pread", self.slot(), self.size(), self.offset()]),
            (5, "file", lambda: ["pwrite", self.slot(), self.byte(), self.size(), self.offset()]),
            (2, "file", lambda: ["lseek", self.slot(), self.offset(), self.random.randrange(3)]),
            (3, "file", lambda: ["truncate", self.plain_path(), self.offset()]),
            (3, "file", lambda: ["ftruncate", self.slot(), self.offset()]),
            (1, "fsync", lambda: ["fsync", self.slot()]),
            (2, "mmap", lambda: ["map_write", self.slot(), self.byte(), self.size(), self.offset()]),
            (2, "mmap", lambda: ["map_read", self.slot(), self.size(), self.offset()]),
            (6, "fallocate", self.fallocate),
            (3, "seek", lambda: ["seek_hole", self.slot(), self.offset(), self.random.choice((3, 4))]),
            (4, "copy", self.copy),
            (3, "tmpfile", self.tmpfile),
            (2, "tmpfile", lambda: ["link_open", self.slot(), self.path()]),
            (9, "name", lambda: ["mkdir", self.path(), self.mode()]),
            (4, "name", lambda: ["rmdir", self.path()]),
            (6, "name", lambda: ["unlink", self.path()]),
            (8, "name", self.rename),
            (6, "name", lambda: ["link", self.path(), self.path(), self.chance(0.2)]),
            (4, "name", lambda: ["symlink", self.random.choice(TARGETS), self.path()]),
            (2, "name", lambda: ["readlink", self.path()]),
            (3, "node", self.mknod),
            (3, "name", lambda: ["chdir", self.path()]),
            (3, "name", lambda: ["listdir", self.path()]),
            (6, "attr", lambda: ["chmod", self.path(), self.mode()]),
            (2, "attr", lambda: ["fchmod", self.slot(), self.mode()]),
            (5, "attr", lambda: ["chown", self.path(), self.uid(), self.gid(), self.chance(0.6)]),
            (2, "attr", lambda: ["fchown", self.slot(), self.uid(), self.gid()]),
            (4, "attr", lambda: ["utimens", self.path(), self.time(), self.time(), self.chance(0.7)]),
            (2, "attr", lambda: ["futimens", self.slot(), self.time(), self.time()]),
            (3, "attr", lambda: ["access", self.path(), self.random.randrange(8), self.chance(0.3)]),
            (3, "attr", lambda: ["stat", self.path(), self.chance(0.6)]),
            (1, "attr", lambda: ["fstat", self.slot()]),
            (0.3, "attr", lambda: ["statvfs", self.path()]),
            (1, "process", lambda: ["umask", self.random.choice((0, 0o022, 0o027, 0o077, 0o777))]),
            (2, "lock", lambda: ["flock", self.slot(), self.random.choice((1, 2, 8))]),
            (3, "lock", self.lock),
            (1, "lock", lambda: ["get_lock", self.slot(), self.random.randrange(2), self.near(), self.near()]),
            (6, "xattr", self.setxattr),
            (3, "xattr", lambda: ["getxattr", self.path(), self.xname(), self.chance(0.7)]),
            (2, "xattr", lambda: ["listxattr", self.path(), self.chance(0.7)]),
            (3, "xattr", lambda: ["removexattr", self.path(), self.xname(), self.chance(0.7)]),
            (5, "acl", lambda: ["setacl", self.path(), self.random.choice(ACLS), self.acl()]),
            (2, "acl", lambda: ["getacl", self.path(), self.random.choice(ACLS)]),
            (2, "flags", lambda: ["setflags", self.slot(), self.random.choice(IFLAGS)]),
            (1, "flags", lambda: ["getflags", self.slot()]),
        )

    # Arguments.

    def chance(self, p):
        return self.random.random() < p

    def slot(self):
        return self.random.choice((0, 0, 0, 1, 1, 2, 3, 4, 5)) % SLOTS

    def byte(self):
        return self.random.randrange(251)

    def size(self):
        return self.random.choice(SIZES)

    def offset(self):
        return self.random.choice(ODD_OFFSETS if self.chance(0.02) else OFFSETS)

    def near(self):
        return self.random.choice((0, 0, 1, 10, 100))

    def mode(self):
        return self.random.choice(MODES)

    def uid(self):
        return self.random.choice(UIDS)

    def gid(self):
        return self.random.choice(GIDS)

    def time(self):
        kind = self.random.randrange(4)
        if kind == 0:
            return [0, UTIME_NOW]
        if kind == 1:
            return [0, UTIME_OMIT]
        if self.chance(0.03):
            return [1, 1000000000]  # not a time
        return list(self.random.choice(TIMES))

    def plain_path(self):
        if self.chance(0.03):
            return self.random.choice(ODD)
        depth = self.random.choice((1, 1, 1, 1, 1, 2, 2, 2, 3))
        path = "/".join(self.random.choice(NAMES) for _ in range(depth))
        if self.chance(0.15):
            path = "/" + path
        elif self.chance(0.05):
            path = "../" + path
        return path + "/" if self.chance(0.02) else path

    def path(self):
        path = self.plain_path()
        return [self.slot(), path] if self.chance(0.06) else path

    def xname(self):
        return self.random.choice(XATTRS)

    # Calls.

    def open(self):
        flags = self.random.choice((os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR))
        for flag, p in EXTRA_FLAGS:
            if self.chance(p):
                flags |= flag
        return ["open", self.slot(), self.path(), flags, self.mode()]

    def tmpfile(self):
        flags = self.random.choice((os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_EXCL, os.O_RDONLY))
        return ["tmpfile", self.slot(), self.path(), flags, self.mode()]

    def rename(self):
        return ["rename", self.path(), self.path(), self.random.choice((0, 0, 0, 0, 1, 2, 2, 3))]

    def mknod(self):
        return ["mknod", self.path(), self.random.choice(NODES), self.mode(), os.makedev(1, 3)]

    def copy(self):
        return ["copy", self.slot(), self.slot(), self.size(), self.offset(), self.offset()]

    def fallocate(self):
        # Nothing so long that only what need not have room for it says yes.
        offset, size = self.random.choices(OFFSETS, k=2)
        return ["fallocate", self.slot(), self.random.choice(FALLOCATE), offset, size]

    def lock(self):
        kind = self.random.randrange(3)
        return ["lock", self.slot(), kind, self.near(), self.near(), self.chance(0.5)]

    def setxattr(self):
        flags = self.random.choice((0, 0, 0, 1, 2))
        size = self.random.choice(XATTR_SIZES)
        return ["setxattr", self.path(), self.xname(), self.byte(), size, flags, self.chance(0.7)]

    def acl(self):
        if self.chance(0.2):
            return []
        bits = lambda: self.random.randrange(8)  # noqa: E731
        users = sorted(self.random.sample((4001, 4002, 4003), self.random.randrange(3)))
        groups = sorted(self.random.sample((5001, 5002, 5003), self.random.randrange(3)))
        entries = [[1, bits(), NO_ID], *([2, bits(), u] for u in users), [4, bits(), NO_ID]]
        entries += [[8, bits(), g] for g in groups]
        if users or groups or self.chance(0.3):
            entries.append([16, bits(), NO_ID])
        entries.append([32, bits(), NO_ID])
        if self.chance(0.03):
            entries.pop(0)
        return entries

    # Sequences.

    def sequence(self, length):
        observing = self.chance(0.7)
        mode = self.random.choice((0o777, 0o777, 0o777, 0o1777, 0o2777, 0o3775))
        weights = [weight for weight, _ in self.table]
        makers = [make for _, make in self.table]
        ops = []
        worker = 0
        while len(ops) < length:
            # Some calls in a row by one process: cheaper to run, and more like programs.
            if not self.chance(0.7):
                worker = self.random.randrange(self.workers)
            ops.append([worker, *self.random.choices(makers, weights)[0]()])
        return Sequence(ops, mode, observing, self.seed)
