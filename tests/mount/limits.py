#!/usr/bin/env python3
# transport: uring
"""What is limited, and directories that are larger than what is kept in memory."""

# options: cache_inodes=1000

import errno
import os
import random

import case
from case import equal, fails, path, sql

COUNT = 20000
LINKS_MAX = 2**31 - 1


def check_names():
    longest = "n" * 255
    case.write(longest, b"long")
    equal(b"long", case.read(longest), "content of a file with a name of 255 bytes")
    fails(errno.ENAMETOOLONG, os.stat, path(longest + "n"))
    fails(errno.ENAMETOOLONG, os.mkdir, path(longest + "n"))
    fails(errno.ENAMETOOLONG, os.rename, path(longest), path("m" * 256))
    fails(errno.ENAMETOOLONG, os.link, path(longest), path("m" * 256))
    # 85 characters of three bytes each.
    os.rename(path(longest), path("\u2603" * 85))
    equal(["\u2603" * 85], os.listdir(path()), "the root")
    os.unlink(path("\u2603" * 85))


def check_targets():
    target = "/".join(["t" * 254] * 16) + "/" + "x" * 15
    equal(4095, len(target), "length of the target")
    os.symlink(target, path("link"))
    fails(errno.ENAMETOOLONG, os.symlink, target + "x", path("longer"))
    case.remount()
    equal(target, os.readlink(path("link")), "a target of 4095 bytes")
    equal(4095, os.lstat(path("link")).st_size, "size of the link")
    os.unlink(path("link"))


def check_room():
    """What cannot be written for lack of room cannot be allocated."""
    with open(path("f"), "wb") as f:
        room = os.fstatvfs(f.fileno())
        fails(errno.ENOSPC, os.posix_fallocate, f.fileno(), 0, 2 * room.f_bavail * room.f_frsize)
        equal(0, os.fstat(f.fileno()).st_size, "size after an allocation that failed")
        os.posix_fallocate(f.fileno(), 0, 1 << 20)
    os.unlink(path("f"))


def expect_emlink(inodes):
    fails(errno.EMLINK, os.link, path("links", "f"), path("links", "g"))
    fails(errno.EMLINK, os.mkdir, path("links", "d"))
    fails(errno.EMLINK, os.rename, path("moved"), path("links", "d"))
    equal(LINKS_MAX, os.stat(path("links", "f")).st_nlink, "nlink")
    os.close(os.open(path("links", "new"), os.O_CREAT | os.O_WRONLY, 0o644))
    os.unlink(path("links", "new"))
    equal(inodes, sql("select count(*) from thule.inode"), "inodes after what failed")


def set_links(name, count):
    ino = os.stat(path(name)).st_ino
    case.shell("umount_fs")
    case.shell("sql", f"update thule.inode set nlink = {count} where ino = {ino}")
    case.shell("mount_fs")


def check_links():
    os.mkdir(path("links"))
    os.mkdir(path("moved"))
    case.write("links/f", b"")
    inodes = sql("select count(*) from thule.inode")
    set_links("links/f", LINKS_MAX)
    set_links("links", LINKS_MAX)
    expect_emlink(inodes)
    set_links("links/f", 1)
    set_links("links", 2)
    os.link(path("links", "f"), path("links", "g"))
    os.rename(path("moved"), path("links", "d"))


def check_large():
    """Twenty times as many names as the mount keeps inodes."""
    rng = random.Random(5)
    os.mkdir(path("large"))
    names = [f"name-{i:06}" for i in range(COUNT)]
    for name in names:
        os.close(os.open(path("large", name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    equal(names, sorted(os.listdir(path("large"))), "names")
    equal(COUNT, sum(entry.is_file(follow_symlinks=False) for entry in os.scandir(path("large"))), "types")
    case.remount()
    equal(names, sorted(os.listdir(path("large"))), "names after a remount")
    for name in rng.sample(names, 2000):
        equal(True, os.path.isfile(path("large", name)), name)
        fails(errno.ENOENT, os.stat, path("large", name + "-not"))
    fails(errno.ENOTEMPTY, os.rmdir, path("large"))
    os.mkdir(path("other"))
    fails(errno.ENOTEMPTY, os.rename, path("other"), path("large"))
    with os.scandir(path("large")) as listing:
        seen = [next(listing).name for _ in range(COUNT // 2)]
        # Each was there all the time, whatever happens to the others.
        for name in seen[: COUNT // 4]:
            os.unlink(path("large", name))
        seen += [entry.name for entry in listing]
    equal(names, sorted(seen), "names of a listing while others are removed")
    left = os.listdir(path("large"))
    equal(sorted(seen[COUNT // 4 :]), sorted(left), "what is left")
    for name in left:
        os.unlink(path("large", name))
    equal([], os.listdir(path("large")), "names when all were removed")
    os.rename(path("other"), path("large"))
    os.rmdir(path("large"))


def main():
    check_names()
    check_targets()
    check_room()
    check_large()
    check_links()


main()
