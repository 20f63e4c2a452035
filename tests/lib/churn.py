"""A random workload on a tree, the same for the same seed."""

import os
import random

from attributes import ACCESS, DEFAULT, NOATIME, NODUMP, list_of_two, set_flags
from case import RENAME_EXCHANGE, renameat2


class Churn:
    def __init__(self, root, seed):
        self.root = root
        self.random = random.Random(seed)
        self.number = 0

    def entries(self):
        """Directories with the root, and everything else, as paths."""
        folders, files = [self.root], []
        for folder, names, others in os.walk(self.root):
            folders += [os.path.join(folder, n) for n in names if not os.path.islink(os.path.join(folder, n))]
            files += [os.path.join(folder, n) for n in others]
        return sorted(folders), sorted(files)

    def new_name(self, folders):
        self.number += 1
        odd = self.random.choice([b"", b" x", b"\xff", "é".encode(), b"\n", b"\\"])
        return os.path.join(os.fsencode(self.random.choice(folders)), b"n%d" % self.number + odd)

    def data(self):
        size = self.random.choice([0, 1, 100, 5000, 140_000])
        return self.random.randbytes(size)

    def step(self):
        """One change; what cannot be done is not."""
        folders, files = self.entries()
        kinds = ["create", "create", "mkdir", "symlink"]
        if files:
            kinds += ["write", "write", "truncate", "unlink", "rename", "link", "chmod", "times", "over", "exchange",
                      "set_xattr", "set_xattr", "remove_xattr", "set_list", "set_trusted", "flag"]
        if len(folders) > 1:
            kinds += ["rmdir", "move", "chmod_folder", "set_default"]
        kind = self.random.choice(kinds)
        try:
            getattr(self, kind)(folders, files)
        except OSError:
            pass

    def create(self, folders, files):
        with open(self.new_name(folders), "xb") as f:
            f.write(self.data())

    def mkdir(self, folders, files):
        os.mkdir(self.new_name(folders))

    def symlink(self, folders, files):
        os.symlink(b"to\xfe" if self.random.random() < 0.3 else b"somewhere", self.new_name(folders))

    def file(self, files):
        """A regular file."""
        regular = [f for f in files if not os.path.islink(f)]
        if not regular:
            raise FileNotFoundError
        return self.random.choice(regular)

    def write(self, folders, files):
        with open(self.file(files), "r+b") as f:
            f.seek(self.random.choice([0, 10, 4000, 200_000]))
            f.write(self.data())

    def truncate(self, folders, files):
        os.truncate(self.file(files), self.random.choice([0, 5, 3000, 300_000]))

    def unlink(self, folders, files):
        os.unlink(self.random.choice(files))

    def rename(self, folders, files):
        os.rename(os.fsencode(self.random.choice(files)), self.new_name(folders))

    def over(self, folders, files):
        os.rename(self.random.choice(files), self.random.choice(files))

    def exchange(self, folders, files):
        renameat2(self.random.choice(files), self.random.choice(files), RENAME_EXCHANGE)

    def link(self, folders, files):
        os.link(os.fsencode(self.random.choice(files)), self.new_name(folders), follow_symlinks=False)

    def chmod(self, folders, files):
        os.chmod(self.file(files), self.random.choice([0o644, 0o600, 0o755, 0o4711]))

    def chmod_folder(self, folders, files):
        os.chmod(self.random.choice(folders[1:]), self.random.choice([0o755, 0o700, 0o1777]))

    def times(self, folders, files):
        ns = self.random.randrange(10**18)
        os.utime(self.random.choice(files + folders[1:]), ns=(ns, ns), follow_symlinks=False)

    def rmdir(self, folders, files):
        os.rmdir(self.random.choice(folders[1:]))

    def move(self, folders, files):
        os.rename(os.fsencode(self.random.choice(folders[1:])), self.new_name(folders))

    def set_xattr(self, folders, files):
        name = self.random.choice(["user.a", "user.b", "user.c", "user.=%"])
        os.setxattr(self.random.choice(folders[1:] + [self.file(files)]), name,
                    self.random.randbytes(self.random.choice([0, 1, 20, 3000])))

    def set_trusted(self, folders, files):
        os.setxattr(self.random.choice(files), "trusted.t", self.random.randbytes(5), follow_symlinks=False)

    def remove_xattr(self, folders, files):
        path = self.file(files)
        names = os.listxattr(path)
        if names:
            os.removexattr(path, self.random.choice(names))

    def flag(self, folders, files):
        set_flags(self.random.choice(folders[1:] + [self.file(files)]), self.random.choice([0, NODUMP, NODUMP | NOATIME]))

    def set_list(self, folders, files):
        os.setxattr(self.file(files), ACCESS, self.list())

    def set_default(self, folders, files):
        os.setxattr(self.random.choice(folders[1:]), DEFAULT, self.list())

    def list(self):
        return list_of_two(self.random.randrange(0o1000), *[self.random.randrange(1000, 1008) for _ in "ug"],
                           self.random.randrange(8))
