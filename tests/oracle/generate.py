"""Random commands that mostly can be done, chosen by what is there."""

import random

NAMES = ("a", "b", "c", "d", "e e", "f\\é", "g\n")
SIZES = (1, 10, 10, 100, 700, 4096, 5000, 20_000)
BIG = (131_072, 200_001, 300_000)
OFFSETS = (0, 0, 5, 10, 20, 60, 100, 300, 4000, 4096, 9000)
XATTRS = ("user.a", "user.b", "trusted.c")
MODES = (0o600, 0o640, 0o644, 0o755, 0o777)
FALLOCATE = (0, 1, 3, 3, 0x10, 0x10, 0x11)
MAX_FILES = 40
MAX_SIZE = 600_000
WORKERS = 3


class Generator:
    """Commands for one sequence. Commands of the driver have worker -1: see session.py."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.worker = 0
        self.number = 0
        # Some sequences are calmer, so that what undo and crash make of the rest is not in the way.
        self.rare = self.random.choice((0, 1, 1, 4))

    def chance(self, p):
        return self.random.random() < p

    def next(self, scene):
        """The next command, as the scene is."""
        self.number += 1
        tree = scene.state.tree(scene.top)
        self.files = [p[2:] for p, i in tree.items() if i.kind == "file"]
        self.folders = [p[2:] for p, i in tree.items() if i.kind == "directory" and p != "."]
        self.all = [p[2:] for p in tree if p != "."]
        self.full = len(tree) > MAX_FILES
        if self.number == 1 or self.chance(0.04):
            return [self.number, -1, "hold"]
        if self.chance(0.025):
            return [self.number, -1, "sync"]
        if self.chance(0.04 * self.rare):
            return [self.number, -1, *self.rare_command()]
        if self.chance(0.35):
            self.worker = self.random.randrange(WORKERS)
        kept = scene.kept.get(self.worker)
        size = scene.inode(kept[0]).size if kept and kept[0] in scene.state.inodes else 0
        if kept and self.chance(0.6):
            return [self.number, self.worker, *self.kept_command(size)]
        return [self.number, self.worker, *self.path_command(tree)]

    def rare_command(self):
        since = max(1, self.number - self.random.choice((1, 2, 5, 10, 30)))
        until = self.random.choice((None, None, self.random.randrange(since, self.number + 1)))
        worker = self.random.choice((None, self.random.randrange(WORKERS)))
        undo = ["undo", since, until, worker]
        return self.random.choice((undo, undo, undo, ["undo_undo"], ["restore", self.random.choice(self.all or ["a"]), since],
                                   ["crash"], ["crash_server"], ["remount"]))

    def seed_of_data(self):
        return self.random.randrange(1 << 30)

    def length(self):
        return self.random.choice(BIG if self.chance(0.04) else SIZES)

    def offset(self):
        return self.random.choice(OFFSETS)

    def kept_command(self, size):
        end = size if size < MAX_SIZE else 0
        near = self.random.choice((end, end, end, end + 50, self.offset(), self.random.randrange(size + 1)))
        return self.random.choices((
            ["pwrite", near, self.length(), self.seed_of_data()],
            ["pwrite", end, 10, self.seed_of_data()],
            ["map_write", self.random.randrange(size + 1), self.length(), self.seed_of_data()],
            ["fallocate", self.random.choice(FALLOCATE), self.offset(), self.length()],
            ["ftruncate", self.random.choice((0, size // 2, size, size + 100, self.offset()))],
            ["close"],
        ), (12, 5, 2, 2, 2, 1))[0]

    def new(self):
        folder = self.random.choice(["", "", *self.folders])
        return f"{folder}/{self.random.choice(NAMES)}".lstrip("/")

    def some(self, paths):
        """Mostly one that is there."""
        return self.random.choice(paths) if paths and not self.chance(0.03) else self.new()

    def path_command(self, tree):
        makers = [
            (6, lambda: ["keep", self.some(self.files) if self.full or self.chance(0.5) else self.new()]),
            (2, lambda: ["keep_append", self.some(self.files)]),
            (1, lambda: ["keep_empty", self.some(self.files)]),
            (4, lambda: ["write", self.some(self.files), self.offset(), self.length(), self.seed_of_data()]),
            (3, lambda: ["truncate", self.some(self.files), self.offset()]),
            (3, lambda: ["copy", self.some(self.files), self.random.choice((0, 0, 7, 4096)), self.some(self.files),
                         self.offset(), self.length()]),
            (3, lambda: ["unlink", self.some(self.all)]),
            (2, lambda: ["rmdir", self.some(self.folders)]),
            (3, lambda: ["rename", self.some(self.all), self.new()]),
            (2, lambda: ["rename", self.some(self.all), self.some(self.all)]),
            (2, lambda: ["exchange", self.some(self.all), self.some(self.all)]),
            (2, lambda: ["chmod", self.some(self.files + self.folders), self.random.choice(MODES)]),
            (2, lambda: ["chown", self.some(self.all), self.random.randrange(5), self.random.randrange(5)]),
            (2, lambda: ["utimens", self.some(self.all), self.random.choice((None, self.random.randrange(10**18)))]),
            (3, lambda: ["setxattr", self.some(self.all), self.random.choice(XATTRS), self.random.choice((0, 3, 300)),
                         self.seed_of_data()]),
            (2, lambda: self.remove_xattr(tree)),
        ]
        if not self.full:
            makers += [
                (5, lambda: ["mkdir", self.random.choice(MODES[3:]), self.new()]),
                (1, lambda: ["mknod", self.random.choice(("fifo", "socket", "char")), self.new()]),
                (2, lambda: ["symlink", f"to/{self.random.randrange(1000)}", self.new()]),
                (2, lambda: ["link", self.some(self.all), self.new()]),
                (1, lambda: ["tmpfile", self.random.choice(self.folders or ["."]), self.new(), 10, self.seed_of_data()]),
            ]
        weights = [weight for weight, _ in makers]
        return self.random.choices([make for _, make in makers], weights)[0]()

    def remove_xattr(self, tree):
        there = [(p[2:], name) for p, i in tree.items() for name, _ in i.xattrs if p != "."]
        path, name = self.random.choice(there or [("a", "user.a")])
        return ["removexattr", path, name]
