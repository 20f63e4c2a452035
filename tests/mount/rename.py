#!/usr/bin/python3
# rename(2) and renameat2(2): every rule of the man pages that does not need a second user.
# transport: uring
import errno
import os
import stat

from case import (
    MNT, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, equal, fails, path, read, remount, renameat2, write,
)


def names(*folder):
    return sorted(os.listdir(path(*folder)))


def check_files():
    write("a", b"a")
    write("b", b"b")
    ino = os.stat(path("a")).st_ino
    os.rename(path("a"), path("c"))
    equal(ino, os.stat(path("c")).st_ino, "inode number after rename")
    fails(errno.ENOENT, os.stat, path("a"))
    os.rename(path("c"), path("b"))
    equal(b"a", read("b"), "the file that replaced another")
    equal(["b"], names(), "names after replacing")
    os.rename(path("b"), path("b"))
    fails(errno.ENOENT, os.rename, path("absent"), path("b"))
    os.link(path("b"), path("same"))
    os.rename(path("b"), path("same"))
    equal(["b", "same"], names(), "rename between two links of one file does nothing")


def check_flags():
    write("one", b"1")
    write("two", b"2")
    fails(errno.EEXIST, renameat2, "one", "two", RENAME_NOREPLACE)
    renameat2("one", "three", RENAME_NOREPLACE)
    equal(b"1", read("three"), "renamed without replacing")
    renameat2("three", "two", RENAME_EXCHANGE)
    equal((b"2", b"1"), (read("three"), read("two")), "exchanged files")
    fails(errno.ENOENT, renameat2, "three", "absent", RENAME_EXCHANGE)
    fails(errno.EINVAL, renameat2, "three", "two", RENAME_EXCHANGE | RENAME_NOREPLACE)


def check_whiteout():
    os.mkdir(path("w"))
    os.mkdir(path("w", "victim"))
    os.mkdir(path("w", "old"))
    write("w/file", b"f")
    renameat2("w/file", "w/moved", RENAME_WHITEOUT)
    renameat2("w/old", "w/victim", RENAME_WHITEOUT)
    equal(["file", "moved", "old", "victim"], names("w"), "names after renames that left whiteouts")
    for name in ("file", "old"):
        left = os.stat(path("w", name))
        equal((stat.S_IFCHR, 0, 1), (left.st_mode, left.st_rdev, left.st_nlink), "a whiteout")
    equal(b"f", read("w/moved"), "content of what was moved")
    equal(3, os.stat(path("w")).st_nlink, "nlink of the directory")
    fails(errno.EEXIST, renameat2, "w/moved", "w/file", RENAME_NOREPLACE | RENAME_WHITEOUT)
    fails(errno.EINVAL, renameat2, "w/moved", "w/file", RENAME_EXCHANGE | RENAME_WHITEOUT)


def check_directories():
    os.makedirs(path("d", "sub", "deep"))
    os.makedirs(path("full", "entry"))
    os.mkdir(path("empty"))
    write("file", b"f")
    fails(errno.EINVAL, os.rename, path("d"), path("d", "sub", "deep", "d"))
    fails(errno.ENOTEMPTY, os.rename, path("d"), path("full"))
    fails(errno.ENOTDIR, os.rename, path("d"), path("file"))
    fails(errno.EISDIR, os.rename, path("file"), path("d"))
    before = os.stat(MNT).st_nlink
    os.rename(path("d"), path("empty"))
    equal(before - 1, os.stat(MNT).st_nlink, "nlink of the root after replacing a directory")
    equal(["sub"], names("empty"), "the directory that replaced an empty one")


def check_moves():
    """A directory's nlink and `..` follow its subdirectories."""
    os.makedirs(path("from", "child"))
    os.mkdir(path("to"))
    os.rename(path("from", "child"), path("to", "child"))
    equal(2, os.stat(path("from")).st_nlink, "nlink of the old parent")
    equal(3, os.stat(path("to")).st_nlink, "nlink of the new parent")
    equal(
        os.stat(path("to")).st_ino, os.stat(path("to", "child", "..")).st_ino, "parent of a moved directory"
    )


def check_exchange_kinds():
    """A directory and a file change places, across directories."""
    os.makedirs(path("left", "dir", "inside"))
    os.mkdir(path("right"))
    write("right/file", b"r")
    renameat2("left/dir", "right/file", RENAME_EXCHANGE)
    equal(b"r", read("left/dir"), "the file now has the directory's name")
    equal(["inside"], names("right", "file"), "and the directory the file's")
    equal((2, 3), tuple(os.stat(path(d)).st_nlink for d in ("left", "right")), "nlink of both parents")
    fails(errno.EINVAL, renameat2, "right", "right/file/inside", RENAME_EXCHANGE)


def check_open_files():
    """What is replaced while open keeps its bytes; what is renamed while open is the same file."""
    write("old", b"old content")
    write("new", b"new content")
    replaced = os.open(path("old"), os.O_RDWR)
    moved = os.open(path("new"), os.O_RDWR)
    os.rename(path("new"), path("old"))
    equal(b"old content", os.read(replaced, 100), "replaced file, still open")
    equal(0, os.fstat(replaced).st_nlink, "its nlink")
    os.pwrite(moved, b"NEW", 0)
    equal(b"NEW content", read("old"), "renamed file, written through the old handle")
    os.close(replaced)
    os.close(moved)


def main():
    check_files()
    check_flags()
    check_whiteout()
    check_directories()
    check_moves()
    check_exchange_kinds()
    check_open_files()
    tree = sorted(os.walk(MNT))
    remount()
    equal(tree, sorted(os.walk(MNT)), "the tree after remount")
    equal(b"NEW content", read("old"), "content after remount")


main()
