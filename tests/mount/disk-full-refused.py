#!/usr/bin/python3
# A server whose disk nobody can look at says that it is full (SQLSTATE 53100): nothing acknowledged is lost, what
# grows gets ENOSPC, fsync says so, and all goes on when the server takes batches again.
import errno
import os

from case import MNT, equal, fails, path, read, remount, shell, write
from other import eventually

REFUSE = """
create function public.refuse() returns trigger language plpgsql as $$
begin raise exception using errcode = 'disk_full', message = 'no room'; end $$;
create trigger refuse before insert on thule.op for each statement execute function public.refuse()"""


def sync():
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def taken(name):
    try:
        write(name, b"after")
    except OSError as e:
        equal(errno.ENOSPC, e.errno, "a write")
        return False
    return True


def refused():
    return not taken("probe")


def write_once(name, data, refuse):
    """One op is acknowledged after `refuse` has been done, before the first refusal can be known."""
    fd = os.open(path(name), os.O_CREAT | os.O_WRONLY, 0o644)
    sync()
    shell("sql", refuse)
    equal(len(data), os.write(fd, data), f"bytes written to {name}")
    os.close(fd)


def main():
    write("before", b"before")
    write("gone", b"gone")
    write_once("acknowledged", b"acknowledged", REFUSE)
    eventually("what grows is refused", refused)
    equal(b"before", read("before"), "what was committed")
    equal(b"acknowledged", read("acknowledged"), "what was not")
    fails(errno.ENOSPC, os.mkdir, path("d"))
    fails(errno.ENOSPC, sync)
    os.unlink(path("gone"))
    os.truncate(path("before"), 3)
    equal(0, os.statvfs(MNT).f_bavail, "room that statfs tells of")
    shell("kill_daemon")
    shell("sql", "drop trigger refuse on thule.op")
    shell("mount_fs")
    equal(b"acknowledged", read("acknowledged"), "after the daemon was killed")
    write_once("second", b"second",
               "create trigger refuse before insert on thule.op for each statement execute function public.refuse()")
    eventually("what grows is refused again", refused)
    shell("sql", "drop trigger refuse on thule.op")
    eventually("what grows is taken again", lambda: taken("after"))
    sync()
    if os.statvfs(MNT).f_bavail == 0:
        raise AssertionError("statfs still says that it is full")
    remount()
    for name, data in (("before", b"bef"), ("acknowledged", b"acknowledged"), ("second", b"second"), ("after", b"after")):
        equal(data, read(name), name)
    equal(False, os.path.exists(path("gone")), "what was removed is back")


main()
