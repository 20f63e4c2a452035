#!/usr/bin/python3
# The disk of the database is full: what was written is there, reading and removing go on, what grows gets ENOSPC,
# also after the daemon was killed and the server restarted; and when there is room again, all goes on by itself.
# db: private
# mount: no
# timeout: 300
import errno
import hashlib
import os
import subprocess

from case import MNT, equal, fails, path, shell, skip
from other import eventually

CASE_DIR = os.environ["CASE_DIR"]
HOME = os.environ["THULE_HOME"]
BALLAST = os.path.join(HOME, "ballast")
MIB = 1 << 20


def small_disk():
    """A disk of its own under the private server, with something else on it."""
    if os.geteuid() != 0:
        skip("needs root")
    image = os.path.join(CASE_DIR, "image")
    os.mkdir(HOME)
    with open(image, "wb") as f:
        f.truncate(500 * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, HOME], check=False).returncode != 0:
        skip("cannot mount a disk image")
    with open(BALLAST, "wb") as f:
        os.posix_fallocate(f.fileno(), 0, 100 * MIB)


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


def sync():
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def check_full(files):
    equal(0, os.statvfs(MNT).f_bavail * 4096 // 65536, "room that statfs tells of, in 64 KiB")
    kept = next(iter(files.written))
    for function, *arguments in (
        (os.mkdir, path("d")), (os.symlink, "x", path("s")), (os.mknod, path("n")),
        (os.link, path(kept), path("l")), (open, path("c"), "w"),
    ):
        fails(errno.ENOSPC, function, *arguments)
    fd = os.open(path(kept), os.O_WRONLY)
    fails(errno.ENOSPC, os.write, fd, b"x" * 5000)
    os.close(fd)
    sync()


def check_removing(files):
    names = list(files.written)
    for name in names[3:10]:
        files.remove(name)
    os.rename(path(names[0]), path("renamed"))
    os.rename(path("renamed"), path(names[0]))
    os.chmod(path(names[0]), 0o600)
    os.truncate(path(names[1]), 10)
    with open(path(names[1]), "rb") as f:
        files.written[names[1]] = hashlib.sha256(f.read()).hexdigest()
    os.truncate(path(names[2]), 0)
    files.remove(names[2])
    sync()
    equal(False, os.path.exists(path(names[2])), "it was removed")


def check_server():
    """It was never let run into its full disk, which for its log would have been its end."""
    found = 0
    for folder, _, names in os.walk(HOME):
        for name in names:
            if name.endswith(".log"):
                found += 1
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                    equal([], [line for line in f if "No space left" in line or "PANIC" in line], "the server's log")
    equal(True, found > 0, "there is a log")


def main():
    small_disk()
    shell("mount_fs")
    files = Files()
    before = os.statvfs(MNT).f_bavail * 4096
    files.fill()
    total = sum(os.stat(path(name)).st_size for name in files.written)
    # It told the truth about it: what fits is what it said, by and large.
    if not before * 0.7 < total < before * 1.3:
        raise AssertionError(f"statfs told of {before} bytes, {total} were written")
    check_full(files)
    check_removing(files)
    files.check()
    shell("kill_daemon")
    shell("mount_fs")
    files.check()
    files.fill()
    check_full(files)
    shell("restart_db")
    files.check()
    check_removing(files)
    os.unlink(BALLAST)
    eventually("room for a file", lambda: files.add(MIB))
    equal(True, files.fill() > 10, "files written after room returned")
    check_full(files)
    files.check()
    shell("remount_fs")
    files.check()
    check_server()


main()
