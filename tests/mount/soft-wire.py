#!/usr/bin/python3
# -o soft over a network: a black hole, which takes what is sent and never answers, and a host that refuses connections. What waits fails with
# EIO, and all goes on by itself, each op once.
# mount: no
import errno
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
from case import MNT, equal, fails, path, read, remount, shell, sql, write  # noqa: E402 pylint: disable=wrong-import-position
from other import eventually  # noqa: E402 pylint: disable=wrong-import-position
from proxy import Proxy  # noqa: E402 pylint: disable=wrong-import-position


def synced():
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as e:
        equal(errno.EIO, e.errno, "fsync")
        return False
    finally:
        os.close(fd)
    return True


def changed(fd):
    try:
        os.fchmod(fd, 0o600)
    except OSError as e:
        equal(errno.EIO, e.errno, "a change")
        return False
    return True


def without_database(what):
    equal(False, synced(), "fsync returned")
    fails(errno.EIO, os.stat, path(f"cold/{what}"))
    fails(errno.EIO, os.mkdir, path(f"cold/{what}"))


def main():
    proxy = Proxy.of_case()
    os.environ["THULE_SOURCE"] = proxy.source()
    os.environ["THULE_TEST_OPTIONS"] = "soft=1"
    shell("mount_fs")
    os.mkdir(path("cold"))
    write("cold/a", b"a")
    remount()
    fd = os.open(path("kept"), os.O_WRONLY | os.O_CREAT)
    os.fsync(fd)

    proxy.passing.clear()
    os.write(fd, b"black\n")
    without_database("black")
    proxy.passing.set()
    eventually("fsync returns after a black hole", synced)
    equal(["a"], os.listdir(path("cold")), "names after a black hole")

    os.close(fd)
    remount()
    fd = os.open(path("kept"), os.O_WRONLY | os.O_APPEND)
    os.fsync(fd)
    os.write(fd, b"refused\n")
    proxy.shut()
    proxy.cut("")
    # Who has no session has no lease, and acknowledges nothing.
    eventually("a change that fails", lambda: not changed(fd))
    without_database("refused")
    proxy.open()
    eventually("fsync returns after refused connections", synced)
    equal(["a"], os.listdir(path("cold")), "names after refused connections")
    equal(b"black\nrefused\n", read("kept"), "what was acknowledged")
    equal([], sql("select op from thule.op group by op having count(*) > 1"), "ops that are in the log twice")
    os.close(fd)
    shell("umount_fs")


main()
