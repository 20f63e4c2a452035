#!/usr/bin/python3
# Extended attributes: namespaces, limits, errors, what they do to times, across a remount, and in the past.
# options: allow_other
# transport: uring
import errno
import os

from case import as_user, equal, fails, need_root, path, remount, sql, write

NOBODY = 65530


def check_values():
    write("f", b"x")
    f = path("f")
    before = os.stat(f)
    os.setxattr(f, "user.a", b"one")
    after = os.stat(f)
    equal((before.st_mtime_ns, True), (after.st_mtime_ns, after.st_ctime_ns > before.st_ctime_ns), "times after setxattr")
    os.setxattr(f, "user.empty", b"")
    os.setxattr(f, "user.bytes", bytes(range(256)))
    os.setxattr(f, "user.large", b"v" * 65536)
    equal(b"one", os.getxattr(f, "user.a"), "value")
    equal(b"", os.getxattr(f, "user.empty"), "empty value")
    equal(65536, len(os.getxattr(f, "user.large")), "length of a large value")
    equal({"user.a", "user.empty", "user.bytes", "user.large"}, set(os.listxattr(f)), "names")
    os.setxattr(f, "user.a", b"two")
    equal(b"two", os.getxattr(f, "user.a"), "value that replaced another")
    os.removexattr(f, "user.large")
    equal({"user.a", "user.empty", "user.bytes"}, set(os.listxattr(f)), "names after a removal")


def check_errors():
    f = path("f")
    fails(errno.EEXIST, os.setxattr, f, "user.a", b"", os.XATTR_CREATE)
    fails(errno.ENODATA, os.setxattr, f, "user.none", b"", os.XATTR_REPLACE)
    fails(errno.ENODATA, os.getxattr, f, "user.none")
    fails(errno.ENODATA, os.removexattr, f, "user.none")
    fails(errno.E2BIG, os.setxattr, f, "user.a", b"v" * 65537)
    os.setxattr(f, "user." + "n" * 250, b"")
    fails(errno.ERANGE, os.setxattr, f, "user." + "n" * 251, b"")
    fails(errno.EOPNOTSUPP, os.setxattr, f, "other.a", b"")
    fails(errno.EOPNOTSUPP, os.setxattr, f, "system.a", b"")
    before = os.stat(f).st_ctime_ns
    fails(errno.EEXIST, os.setxattr, f, "user.a", b"", os.XATTR_CREATE)
    equal(before, os.stat(f).st_ctime_ns, "ctime after a failure")
    os.symlink("f", path("link"))
    fails(errno.EPERM, os.setxattr, path("link"), "user.a", b"", follow_symlinks=False)
    os.setxattr(path("link"), "trusted.a", b"of the link", follow_symlinks=False)
    equal([], [n for n in os.listxattr(f) if n.startswith("trusted.")], "the target's")


def check_namespaces():
    f = path("f")
    os.chmod(f, 0o666)
    for name in ("user.u", "trusted.t", "security.s"):
        os.setxattr(f, name, name.encode())
        equal(name.encode(), os.getxattr(f, name), name)

    def other():
        equal(b"user.u", os.getxattr(f, "user.u"), "user. as another")
        equal(False, "trusted.t" in os.listxattr(f), "trusted. is listed to another")
        fails(errno.ENODATA, os.getxattr, f, "trusted.t")
        fails(errno.EPERM, os.setxattr, f, "trusted.t", b"")
        fails(errno.EPERM, os.setxattr, f, "security.s", b"")
        os.setxattr(f, "user.by", b"another")

    as_user(NOBODY, other)
    os.chmod(f, 0o600)

    def stranger():
        fails(errno.EACCES, os.getxattr, f, "user.u")
        fails(errno.EACCES, os.setxattr, f, "user.u", b"")

    as_user(NOBODY, stranger)
    equal(b"another", os.getxattr(f, "user.by"), "set by another")


def check_labels():
    """SELinux labels are attributes like others; where the kernel has no SELinux and no file has a label, the mount says that
    there are none, so that `ls -l` does not ask for that of each file."""
    if os.path.exists("/sys/fs/selinux"):
        return
    write("labelled", b"")
    write("plain", b"")
    remount()
    fails(errno.EOPNOTSUPP, os.getxattr, path("plain"), "security.selinux")
    os.setxattr(path("labelled"), "security.selinux", b"a:b:c")
    for again in (False, True):
        if again:
            remount()
        equal(b"a:b:c", os.getxattr(path("labelled"), "security.selinux"), "a label")
        fails(errno.ENODATA, os.getxattr, path("plain"), "security.selinux")
    os.removexattr(path("labelled"), "security.selinux")
    fails(errno.ENODATA, os.getxattr, path("labelled"), "security.selinux")
    remount()
    fails(errno.EOPNOTSUPP, os.getxattr, path("labelled"), "security.selinux")


def check_many():
    """As many names as fit in a list, which is more than 1,000, and no more."""
    write("many", b"")
    f = path("many")
    for i in range(1000):
        os.setxattr(f, f"user.{i:04}", str(i).encode())
    equal(1000, len(os.listxattr(f)), "names of many")
    added = 0
    try:
        while True:
            os.setxattr(f, f"user.{added:0250}", b"")
            added += 1
    except OSError as e:
        equal(errno.ENOSPC, e.errno, "errno when the list is full")
    equal(1000 + added, len(os.listxattr(f)), "names when the list is full")


def check_directories():
    os.mkdir(path("d"))
    os.setxattr(path("d"), "user.d", b"of a directory")
    os.rename(path("d"), path("e"))
    equal(b"of a directory", os.getxattr(path("e"), "user.d"), "after a rename")


def check_remount():
    remount()
    equal(b"two", os.getxattr(path("f"), "user.a"), "after a remount")
    equal(b"of the link", os.getxattr(path("link"), "trusted.a", follow_symlinks=False), "of a link")
    equal(b"999", os.getxattr(path("many"), "user.0999"), "one of many")
    equal(b"of a directory", os.getxattr(path("e"), "user.d"), "of a directory")


def check_past():
    os.sync()
    op = sql("select max(op) from thule.op")[0][0]
    then = path(".thule", "at", f"op:{op}")
    os.setxattr(path("f"), "user.a", b"three")
    os.unlink(path("many"))
    equal(b"two", os.getxattr(os.path.join(then, "f"), "user.a"), "value of then")
    equal(b"7", os.getxattr(os.path.join(then, "many"), "user.0007"), "value of a file of then")
    equal(set(os.listxattr(path("f"))), set(os.listxattr(os.path.join(then, "f"))), "names of then")
    fails(errno.EROFS, os.setxattr, os.path.join(then, "f"), "user.a", b"")
    fails(errno.EROFS, os.removexattr, os.path.join(then, "f"), "user.a")

    def stranger():
        fails(errno.EACCES, os.getxattr, os.path.join(then, "f"), "user.a")

    as_user(NOBODY, stranger)
    # Open to all then, closed now: what counts is the stricter.
    os.chmod(path("f"), 0o644)
    os.sync()
    op = sql("select max(op) from thule.op")[0][0]
    os.chmod(path("f"), 0o600)

    def leak():
        fails(errno.EACCES, os.getxattr, path(".thule", "at", f"op:{op}", "f"), "user.a")

    as_user(NOBODY, leak)
    equal([["0"]], sql("select count(*) from thule.xattr where ino not in (select ino from thule.inode)"), "left behind")


need_root()
check_values()
check_errors()
check_namespaces()
check_labels()
check_many()
check_directories()
check_remount()
check_past()
