#!/usr/bin/python3
# The disk of the database is full: what was written is there, reading and removing go on, what grows gets ENOSPC,
# also after the daemon was killed and the server restarted; and when there is room again, all goes on by itself.
# db: private
# mount: no
import errno
import hashlib
import os

import small_disk
from case import MNT, equal, fails, path, shell
from other import eventually
from small_disk import MIB, OTHERS


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


def main():
    small_disk.make()
    shell("mount_fs")
    files = small_disk.Files()
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
    os.unlink(OTHERS)
    eventually("room for a file", lambda: files.add(MIB))
    equal(True, files.fill() > 10, "files written after room returned")
    check_full(files)
    files.check()
    shell("remount_fs")
    files.check()
    # It was never let run into its full disk, which for its log would have been its end.
    equal([], small_disk.server_complaints(), "the server's log")


main()
