#!/usr/bin/python3
# Permissions as the kernel and POSIX want them, tried as other users.
# options: allow_other
# transport: uring
import errno
import os
import stat

from case import MNT, as_user, equal, fails, path, remount, skip, write

ALICE, BOB, GROUP = 65530, 65531, 65532


def mode(name):
    return stat.S_IMODE(os.stat(path(name)).st_mode)


def check_owner():
    def make():
        os.umask(0o027)
        write("alice/new", b"hers")
        os.mkdir(path("alice", "dir"))
        os.symlink("x", path("alice", "link"))
        os.mkfifo(path("alice", "fifo"))

    os.mkdir(path("alice"))
    os.chown(path("alice"), ALICE, ALICE)
    as_user(ALICE, make)
    for name in ("new", "dir", "link", "fifo"):
        st = os.lstat(path("alice", name))
        equal((ALICE, ALICE), (st.st_uid, st.st_gid), f"owner of {name}")
    equal((0o640, 0o750), (mode("alice/new"), mode("alice/dir")), "modes under umask 027")


def check_access():
    def others():
        fails(errno.EACCES, os.open, path("alice", "new"), os.O_RDONLY)
        fails(errno.EACCES, os.listdir, path("alice", "dir"))
        fails(errno.EACCES, os.mkdir, path("alice", "mine"))
        fails(errno.EACCES, os.unlink, path("alice", "new"))
        fails(errno.EPERM, os.chmod, path("alice", "new"), 0o777)
        fails(errno.EPERM, os.chown, path("alice", "new"), BOB, -1)
        fails(errno.EPERM, os.utime, path("alice", "new"), (1, 1))
        fails(errno.EACCES, os.utime, path("alice", "new"))
        equal(False, os.access(path("alice", "new"), os.R_OK), "access(2)")

    def members():
        with open(path("alice", "new"), "rb") as f:
            equal(b"hers", f.read(), "read through the group")
        fails(errno.EACCES, os.open, path("alice", "new"), os.O_WRONLY)

    os.chmod(path("alice"), 0o755)
    as_user(BOB, others)
    as_user(BOB, members, groups=[ALICE])


def check_chown():
    def owner():
        os.chown(path("alice", "new"), -1, GROUP)
        fails(errno.EPERM, os.chown, path("alice", "new"), BOB, -1)
        fails(errno.EPERM, os.chown, path("alice", "new"), -1, BOB)

    os.chmod(path("alice", "new"), 0o6755)
    as_user(ALICE, owner, groups=[GROUP])
    equal(GROUP, os.stat(path("alice", "new")).st_gid, "group after chown by the owner")
    equal(0o755, mode("alice/new"), "set-id bits after chown by the owner")


def check_write_clears_setid():
    def other():
        with open(path("setid"), "r+b") as f:
            f.write(b"changed")

    write("setid", b"program")
    os.chmod(path("setid"), 0o6777)
    as_user(BOB, other)
    equal(0o777, mode("setid"), "set-id bits after a write by another user")


def check_sticky():
    def alice():
        write("sticky/hers", b"x")

    def bob():
        write("sticky/his", b"x")
        fails(errno.EPERM, os.unlink, path("sticky", "hers"))
        fails(errno.EPERM, os.rename, path("sticky", "hers"), path("sticky", "taken"))
        fails(errno.EPERM, os.rename, path("sticky", "his"), path("sticky", "hers"))
        os.unlink(path("sticky", "his"))

    os.mkdir(path("sticky"))
    os.chmod(path("sticky"), 0o1777)
    as_user(ALICE, alice)
    as_user(BOB, bob)


def check_setgid():
    def make():
        write("shared/file", b"x")
        os.mkdir(path("shared", "dir"))

    os.mkdir(path("shared"))
    os.chown(path("shared"), 0, GROUP)
    os.chmod(path("shared"), 0o2777)
    as_user(ALICE, make)
    equal(GROUP, os.stat(path("shared", "file")).st_gid, "group of a file in a set-gid directory")
    st = os.stat(path("shared", "dir"))
    equal((GROUP, True), (st.st_gid, bool(st.st_mode & stat.S_ISGID)), "a directory in a set-gid directory")


def check_ctime():
    """A refused change changes nothing."""
    def bob():
        fails(errno.EPERM, os.chmod, path("alice", "new"), 0)

    before = os.stat(path("alice", "new")).st_ctime_ns
    as_user(BOB, bob)
    equal(before, os.stat(path("alice", "new")).st_ctime_ns, "ctime after a refused chmod")


def main():
    if os.getuid() != 0:
        skip("needs root to become other users")
    os.chmod(MNT, 0o755)
    check_owner()
    check_access()
    check_chown()
    check_write_clears_setid()
    check_sticky()
    check_setgid()
    check_ctime()
    before = [(p, os.lstat(p).st_mode, os.lstat(p).st_uid, os.lstat(p).st_gid)
              for p, _, _ in os.walk(MNT)]
    remount()
    equal(before, [(p, os.lstat(p).st_mode, os.lstat(p).st_uid, os.lstat(p).st_gid)
                   for p, _, _ in os.walk(MNT)], "modes and owners after remount")


main()
