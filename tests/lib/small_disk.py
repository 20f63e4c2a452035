"""A small disk of its own under the private server, and files that fill it; for cases with `db: private` and `mount: no`.

The disk has THULE_TEST_DISK MiB (400), of which others take a tenth; a mount's journal has THULE_TEST_JOURNAL (64M, or what the case says)."""

import errno
import hashlib
import os
import subprocess

from case import equal, path, shell, skip

HOME = os.environ["THULE_HOME"]
MIB = 1 << 20
DISK_MIB = int(os.environ.get("THULE_TEST_DISK", "400"))
OTHERS = os.path.join(HOME, "others")


def make(journal="64M"):
    """Mounts an empty image where the private server will be, with what others have there. run-case unmounts it."""
    if os.geteuid() != 0:
        skip("needs root")
    os.environ["THULE_TEST_OPTIONS"] = "journal=" + os.environ.get("THULE_TEST_JOURNAL", journal)
    image = os.path.join(os.environ["CASE_DIR"], "image")
    os.mkdir(HOME)
    with open(image, "wb") as f:
        f.truncate(DISK_MIB * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, HOME], check=False).returncode != 0:
        skip("cannot mount a disk image")
    with open(OTHERS, "wb") as f:
        os.posix_fallocate(f.fileno(), 0, DISK_MIB * MIB // 10)


class Files:
    """Files of random bytes, and what of them was acknowledged."""

    def __init__(self):
        self.written = {}
        self.count = 0

    def add(self, size):
        """False when there is no room for all of it."""
        name = f"{self.count}"
        try:
            fd = os.open(path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except OSError as e:
            equal(errno.ENOSPC, e.errno, f"create {name}")
            return False
        self.count += 1
        data = os.urandom(size)
        done = 0
        try:
            while done < size:
                done += os.write(fd, data[done:])
        except OSError as e:
            equal(errno.ENOSPC, e.errno, f"write to {name}")
        os.close(fd)
        self.written[name] = hashlib.sha256(data[:done]).hexdigest()
        return done == size

    def fill(self):
        """Until nothing fits, with no log of the server's left that a checkpoint could remove behind our back."""
        count = len(self.written)
        while self.fill_once():
            shell("sql", "checkpoint")
        return len(self.written) - count

    def fill_once(self):
        count = len(self.written)
        for size in (MIB, 100_000, 1000, 0):
            while self.add(size):
                pass
        return len(self.written) - count

    def check(self):
        for name, digest in self.written.items():
            with open(path(name), "rb") as f:
                equal(digest, hashlib.sha256(f.read()).hexdigest(), f"content of {name}")

    def remove(self, name):
        os.unlink(path(name))
        del self.written[name]


def server_complaints():
    """Lines of the server's logs about a full disk, or of its end by one."""
    found = 0
    lines = []
    for folder, _, names in os.walk(HOME):
        for name in names:
            if name.endswith(".log"):
                found += 1
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                    lines += [line for line in f if "No space left" in line or "PANIC" in line]
    equal(True, found > 0, "there is a log")
    return lines
