#!/usr/bin/python3
# mount: no
"""A host that follows is killed while a program on it waits for the right to write, and the kernel is just told what others changed in the same
place: its mount ends as a mount does, and nobody waits in the kernel for good."""

import errno
import os
import signal
import subprocess

from case import equal, fails
from hosts import Hosts, put
from other import Other, eventually
from psql import Psql

CONNECTIONS = "/sys/fs/fuse/connections"


def abort(device):
    """What nobody should have to do: else whoever asks the mount waits for good, and so does the case."""
    subprocess.run(["mount", "-t", "fusectl", "none", CONNECTIONS], check=False)
    with open(f"{CONNECTIONS}/{os.minor(device)}/abort", "w", encoding="ascii") as f:
        f.write("1")


def states(pid):
    """Of the threads of a process."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as f:
            found.append(f.read().rsplit(")", 1)[1].split()[0])
    return found


def kill(host, device):
    """The daemon is killed, and is gone at once."""
    host.process.send_signal(signal.SIGKILL)
    try:
        host.process.wait(20)
    except subprocess.TimeoutExpired as e:
        abort(device)
        raise AssertionError(f"{host.name}: the daemon waits in the kernel, and so does its mount") from e
    fails(errno.ENOTCONN, os.statvfs, host.path(""))
    host.kill()


def check(one, two, waiting, wait, change):
    """wait() waits on a host that follows, as neither host has the right to write; and SQL changes the same place meanwhile."""
    one.mount()
    sql, writer = Psql(), Other()
    sql.start("do $$ begin while not thule_internal.lease_take() loop perform pg_sleep(0.01); end loop; end $$")
    one.unmount()
    sql.finish()
    equal("", sql.error, "the lease")
    device = os.stat(two.path("")).st_dev
    os.listdir(two.path("d"))
    os.stat(two.path("d/name"))
    writer.start(wait, two.path(""))
    eventually("it waits", lambda: waiting in two.run(os.environ["THULE"], "status", "--requests", two.mountpoint, cwd="/"))
    sql.do(change)
    eventually("the daemon waits in the kernel", lambda: "D" in states(two.process.pid))
    kill(two, device)
    fails(errno.ECONNABORTED, writer.finish)
    sql.end()
    writer.end()
    two.mount()


def make(root):
    os.close(os.open(os.path.join(root, "d/made"), os.O_CREAT | os.O_WRONLY))


def write(root):
    """Part of a page that the kernel does not know, which is locked until the write is answered."""
    fd = os.open(os.path.join(root, "d/pages"), os.O_WRONLY)
    os.pwrite(fd, b"x", 5000)


def main():
    with Hosts("one", "two") as (one, two):
        two.mount()
        os.mkdir(two.path("d"))
        put(two, "seen", "")
        put(two, "d/name", "")
        put(two, "d/pages", "p" * 20000)
        check(one, two, "create", make, "select thule.rename('/d/name', '/d/other'), thule.put('/d/name', 'changed')")
        check(one, two, "write", write, "select thule.put('/d/pages', repeat('q', 20000)::bytea)")


main()
