#!/usr/bin/python3
# Who reads an instant while it is pruned gets what was there then or an error, and nothing else: not zeros, not a shorter
# file, not a smaller directory. In .thule/at, with -o at=T, and of a file that is pruned alone.
import errno
import os
import subprocess

from case import MNT, equal, fails, need_root, path, sql, write

CASE_DIR, THULE, SOURCE = os.environ["CASE_DIR"], os.environ["THULE"], os.environ["THULE_SOURCE"]
SIZE, CHUNK = 6 << 20, 1 << 16
NAMES = 3000
DATA = os.urandom(SIZE)


def thule(*arguments):
    subprocess.run([THULE, *arguments], check=True, cwd=MNT, stdout=subprocess.DEVNULL)


def now():
    return f"op:{sql('select max(op) from thule.op')[0][0]}"


def change():
    """Nothing of what was there is there any more."""
    write("dir/file", b"other" * (SIZE // 5))
    write("alone", b"other" * (SIZE // 5))
    os.setxattr(path("dir"), "user.label", b"now")
    for i in range(NAMES):
        os.unlink(path("dir", f"name-{i}"))
    os.unlink(path("link"))


def read_or_stale(fd, off):
    """True where it is what it was, False where it cannot be had."""
    try:
        data = os.pread(fd, CHUNK, off)
    except OSError as error:
        equal(errno.ESTALE, error.errno, f"error at {off}")
        return False
    equal(DATA[off:off + CHUNK], data, f"bytes at {off}")
    return True


def check_reading(fd, what):
    had = [read_or_stale(fd, off) for off in range(0, SIZE, CHUNK)]
    equal(True, had[0], f"{what}: what the kernel has")
    equal(False, had[-1], f"{what}: what it has not")


class Reader:
    """Has begun to read a past file and a past directory."""

    def __init__(self, top):
        self.top = top
        self.fd = os.open(os.path.join(top, "dir/file"), os.O_RDONLY)
        equal(DATA[:CHUNK], os.pread(self.fd, CHUNK, 0), f"{top}: the first bytes")
        self.folder = os.open(os.path.join(top, "dir"), os.O_RDONLY)
        equal(NAMES + 1, len(os.listdir(self.folder)), f"{top}: names")

    def check_gone(self):
        check_reading(self.fd, self.top)
        fails(errno.ESTALE, os.lseek, self.fd, 0, os.SEEK_HOLE)
        fails(errno.ESTALE, os.listdir, self.folder)
        fails(errno.ESTALE, os.getxattr, self.folder, "user.label")
        fails(errno.ESTALE, os.stat, "never", dir_fd=self.folder)
        os.close(self.fd)
        os.close(self.folder)


def main():
    os.mkdir(path("dir"))
    write("dir/file", DATA)
    write("alone", DATA)
    os.setxattr(path("dir"), "user.label", b"then")
    os.symlink("then", path("link"))
    for i in range(NAMES):
        write(f"dir/name-{i}", b"")
    then = now()
    change()
    thule("snapshot", "create", "kept")
    write("dir/file", b"and another")

    with open(path(".thule/at", then, "alone"), "rb", buffering=0) as f:
        equal(DATA[:CHUNK], f.read(CHUNK), "the first bytes")
        thule("prune", "--keep", "0s", path("alone"))
        check_reading(f.fileno(), "a file that is pruned alone")

    other = os.path.join(CASE_DIR, "other")
    os.mkdir(other)
    thule("mount", SOURCE, other, "-o", f"at={then}")
    try:
        readers = [Reader(path(".thule/at", then)), Reader(other)]
        thule("prune", "--keep", "0s")
        for reader in readers:
            reader.check_gone()
        fails(errno.ESTALE, os.listdir, other)
    finally:
        subprocess.run(["umount", "-l", other], check=True)
    fails(errno.ENOENT, os.stat, path(".thule/at", then, "dir"))
    with open(path(".thule/at/kept/dir/file"), "rb") as f:
        equal(b"other" * (SIZE // 5), f.read(), "the snapshot")


need_root()
main()
