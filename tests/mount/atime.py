#!/usr/bin/env python3
"""Access times: what counts as an access by the mount's flags, and that an access is no change."""


import os
import subprocess
import time

import case
from case import MNT, equal, path, sql

DAY = 86400


def atime(name):
    return os.lstat(path(name)).st_atime_ns


def wait_for(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(what)
        time.sleep(0.01)


def later():
    """Waits until a new time is later than all that were given."""
    now = time.time_ns()
    wait_for(lambda: time.time_ns() > now + 1000, "the clock stands still")


def reads(name, counts, how=case.read, what=""):
    """After reading, the access time is another one, or not."""
    before = atime(name)
    later()
    how(name)
    if counts:
        # Of bytes that the kernel has, it is seen once the file is closed, which the kernel tells later.
        wait_for(lambda: atime(name) > before, f"{name} was read{what}, and its atime is the same")
    else:
        case.write("closed", b"")
        case.read("closed")
        equal(before, atime(name), f"atime of {name} after reading it{what}")


def listing(name):
    return os.listdir(path(name))


def readlink(name):
    return os.readlink(path(name))


def no_atime(name):
    fd = os.open(path(name), os.O_RDONLY | os.O_NOATIME)
    os.read(fd, 10)
    os.close(fd)


def set_flags(options):
    subprocess.run(["mount", "-i", "-o", "remount," + options, MNT], check=True)


def one(query):
    return sql(query)[0][0]


def test_relatime():
    case.write("f", b"bytes")
    os.mkdir(path("d"))
    os.symlink("f", path("l"))
    os.truncate(path("f"), 4)
    reads("f", True)
    reads("f", False, what=" again")
    reads("d", True, listing)
    reads("d", False, listing)
    case.write("d/new", b"")
    reads("d", True, listing, " after a change")
    os.chmod(path("f"), 0o600)
    reads("f", False, no_atime, " with O_NOATIME")
    reads("f", True, what=" after a change")
    os.utime(path("f"), (time.time() - DAY - 60, time.time() - 3 * DAY))
    reads("f", True, what=" after its times were set")
    # Later than both others, but a day ago.
    st = os.stat(path("f"))
    equal(True, st.st_atime_ns >= st.st_ctime_ns, "order of times")


def test_no_change():
    """An access is in the row, and makes neither a version nor a row of the log."""
    ino = os.stat(path("f")).st_ino
    versions = f"select count(*) from thule.inode_history where ino = {ino}"
    os.chmod(path("f"), 0o600)
    last, before = one("select max(op) from thule.op"), int(one(versions))
    reads("f", True)
    seen = atime("f")
    in_row = f"select atime_ns from thule.inode where ino = {ino}"
    wait_for(lambda: one(in_row) == str(seen), "the atime does not reach the table")
    equal(before, int(one(versions)), "versions after a read")
    later()
    os.chmod(path("f"), 0o644)
    reads("f", True)
    os.chmod(path("f"), 0o640)
    equal("chmod chmod", one(f"select string_agg(kind, ' ') from thule.change where op > {last} and ino = {ino}"), "log")
    equal(before + 2, int(one(versions)), "versions after two changes")
    # Each version that ended keeps when it was last read: the first change did not change that.
    kept = sql(f"select atime_ns from thule.inode_history where ino = {ino} order by op_from desc limit 2")
    equal(str(seen), kept[1][0], "access time of the version that the first chmod ended")
    equal(str(atime("f")), kept[0][0], "access time of the version that the second chmod ended")


def test_remount():
    os.chmod(path("f"), 0o644)
    reads("f", True)
    before = atime("f")
    case.remount()
    equal(before, atime("f"), "atime after a remount")


def test_flags():
    set_flags("noatime")
    os.chmod(path("f"), 0o640)
    reads("f", False, what=" with noatime")
    case.write("d/newer", b"")
    reads("d", False, listing, " with noatime")
    set_flags("strictatime,nodiratime")
    reads("f", True, what=" with strictatime")
    reads("f", True, what=" with strictatime, again")
    subprocess.run(["chattr", "+A", path("f")], check=True)
    reads("f", False, what=" with the flag of chattr +A")
    subprocess.run(["chattr", "-A", path("f")], check=True)
    reads("d", False, listing, " with nodiratime")
    reads("l", True, readlink, " with strictatime")
    set_flags("strictatime,diratime")
    reads("d", True, listing, " with strictatime")
    before = atime("f")
    set_flags("ro,strictatime")
    case.read("f")
    equal(before, atime("f"), "atime after reading a read-only mount")
    set_flags("rw,relatime")


def main():
    if os.geteuid() != 0:
        case.skip("needs root, to remount")
    test_relatime()
    test_no_change()
    test_remount()
    test_flags()


main()
