#!/usr/bin/python3
# mount: no
"""What one host has removed and another still has open: there it can be used, but gets no name again, as on other filesystems; and it ends with the
last mount, also where that one follows."""

import errno
import os

from case import equal, fails, sql
from hosts import Hosts, get, put
from other import eventually


def linked(fd, path):
    os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd)


def shows(host, name, text):
    return os.path.exists(host.path(name)) and get(host, name) == text


def nameless():
    return int(sql("select count(*) from thule.inode i where i.nlink = 0")[0][0])


def check_open(one, two):
    """All that does not give it a name."""
    put(one, "open", "content")
    eventually("it is known", lambda: os.path.exists(two.path("open")))
    fd = os.open(two.path("open"), os.O_RDWR)
    os.unlink(one.path("open"))
    eventually("the name is gone", lambda: not os.path.exists(two.path("open")))
    fails(errno.ENOENT, linked, fd, two.path("again"))
    os.setxattr(fd, "user.a", b"kept")
    equal(b"kept", os.getxattr(fd, "user.a"), "an attribute")
    os.fchmod(fd, 0o600)
    os.pwrite(fd, b"X", 0)
    os.ftruncate(fd, 3)
    os.fsync(fd)
    fails(errno.ENOENT, linked, fd, two.path("again"))
    equal((b"Xon", 0, 0o100600), (os.pread(fd, 10, 0), os.fstat(fd).st_nlink, os.fstat(fd).st_mode), "content, links and mode")
    equal(False, os.path.exists(one.path("again")), "a name")
    return fd


def check_name(one, two):
    """By a name that was removed just now."""
    put(one, "name", "")
    eventually("it is known", lambda: os.path.exists(two.path("name")))
    os.unlink(one.path("name"))
    fails(errno.ENOENT, os.link, two.path("name"), two.path("again"))
    put(one, "name", "")
    eventually("it is known", lambda: os.path.exists(two.path("name")))
    os.unlink(one.path("name"))
    fails(errno.ENOENT, os.rename, two.path("name"), two.path("again"))


def check_replaced(one, two):
    """A name that has another file since just now is moved with that."""
    for n in range(5):
        put(one, "name", "old")
        put(one, "new", f"new {n}")
        eventually("it is known", lambda: shows(two, "name", "old"))
        os.rename(one.path("new"), one.path("name"))
        os.rename(two.path("name"), two.path("moved"))
        eventually("the other file has the name", lambda n=n: shows(two, "moved", f"new {n}"))
        eventually("the other host knows it", lambda n=n: shows(one, "moved", f"new {n}"))
        equal(os.stat(one.path("moved")).st_ino, os.stat(two.path("moved")).st_ino, "the number")


def check_tmpfile(one, two):
    """One that was made without a name gets one, also by a host that has followed; once."""
    fd = os.open(two.path(""), os.O_TMPFILE | os.O_RDWR)
    put(one, "between", "")
    linked(fd, two.path("tmp"))
    eventually("the name is there", lambda: os.path.exists(one.path("tmp")))
    os.unlink(one.path("tmp"))
    fails(errno.ENOENT, linked, fd, two.path("again"))
    os.close(fd)


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        two.mount()
        for check in (check_name, check_tmpfile, check_replaced):
            check(one, two)
        fd = check_open(one, two)
        put(one, "holder", "")
        os.close(fd)
        equal(True, nameless() > 0, "what has no name is there")
        one.process.send_signal(15)
        two.process.send_signal(15)
        for host in (one, two):
            host.process.wait(120)
            host.process = None
        equal(0, nameless(), "inodes without a name after the last unmount")
        equal([], sql("select * from thule.fsck"), "fsck")


main()
