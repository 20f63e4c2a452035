#!/usr/bin/python3
# mount: no
# transport: uring
"""A host that follows is killed while a program on it waits for the right to write, and the kernel is just told what others changed in the same
place: its mount ends as a mount does, and nobody waits in the kernel for good; or, with a keeper, the next daemon does what was asked for."""

import errno
import os
import resource
import signal
import subprocess

from case import equal
from hosts import Hosts, get, put
from other import Other, eventually
from psql import Psql

CONNECTIONS = "/sys/fs/fuse/connections"


def abort(device):
    """What nobody should have to do: else whoever asks the mount waits for good, and so does the case."""
    subprocess.run(["mount", "-t", "fusectl", "none", CONNECTIONS], check=False)
    with open(f"{CONNECTIONS}/{os.minor(device)}/abort", "w", encoding="ascii") as f:
        f.write("1")


def error_of(function, *arguments):
    try:
        function(*arguments)
    except OSError as e:
        return e.errno
    return 0


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
            found += map(int, f.read().split())
    return found


def states(pid):
    """Of the threads of a process, and of its children's."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as f:
            found.append(f.read().rsplit(")", 1)[1].split()[0])
    return sum(map(states, children(pid)), found)


def kill(host, device, sign):
    """The daemon is killed, and is gone at once."""
    host.process.send_signal(sign)
    try:
        host.process.wait(20)
    except subprocess.TimeoutExpired as e:
        abort(device)
        raise AssertionError(f"{host.name}: the daemon waits in the kernel, and so does its mount") from e
    eventually("its mount has ended", lambda: error_of(os.statvfs, host.path("")) == errno.ENOTCONN)
    host.process = None
    host.run("umount", "--internal-only", "--lazy", host.mountpoint)


def replace(host, device, sql):
    """The daemon is killed, and the keeper starts another, which gets the lease."""
    served = host.said().count("a new daemon serves")
    os.kill(children(host.process.pid)[0], signal.SIGKILL)
    sql.end()
    try:
        eventually(f"{host.name} has another daemon", lambda: host.said().count("a new daemon serves") > served)
    except AssertionError:
        abort(device)
        raise


def begin(one, two, waiting, wait, change):
    """wait() waits on a host that follows, as neither host has the right to write; and SQL, which is returned, changes the same place meanwhile."""
    one.mount()
    sql, writer = Psql(), Other()
    sql.start("do $$ begin while not thule_internal.lease_take() loop perform pg_sleep(0.01); end loop; end $$")
    one.unmount()
    sql.finish()
    equal("", sql.error, "the lease")
    os.listdir(two.path("d"))
    os.stat(two.path("d/name"))
    writer.start(wait, two.path(""))
    eventually("it waits", lambda: waiting in two.run(os.environ["THULE"], "status", "--requests", two.mountpoint, cwd="/"))
    sql.do(change)
    eventually("the daemon waits in the kernel", lambda: "D" in states(two.process.pid))
    return sql, writer


def check(one, two, sign, *how):
    device = os.stat(two.path("")).st_dev
    sql, writer = begin(one, two, *how)
    kill(two, device, sign)
    equal(True, error_of(writer.finish) in (errno.ECONNABORTED, errno.ECANCELED, errno.ENOTCONN), "the one that waited has an error")
    sql.end()
    writer.end()
    two.mount()


def check_kept(one, two, *how):
    device = os.stat(two.path("")).st_dev
    sql, writer = begin(one, two, *how)
    replace(two, device, sql)
    writer.finish()
    writer.end()


def make(root):
    os.close(os.open(os.path.join(root, "d/made"), os.O_CREAT | os.O_WRONLY))


def write(root):
    """Part of a page that the kernel does not know, which is locked until the write is answered."""
    fd = os.open(os.path.join(root, "d/pages"), os.O_WRONLY)
    os.pwrite(fd, b"x", 5000)
    os.close(fd)


MAKES = ("create", make, "select thule.rename('/d/name', '/d/other'), thule.put('/d/name', 'changed')")
WRITES = ("write", write, "select thule.put('/d/pages', repeat('q', 20000)::bytea)")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Hosts("one", "two") as (one, two):
        two.mount()
        os.mkdir(two.path("d"))
        put(two, "seen", "")
        put(two, "d/name", "")
        put(two, "d/pages", "p" * 20000)
        check(one, two, signal.SIGKILL, *MAKES)
        check(one, two, signal.SIGKILL, *WRITES)
        # It crashes: the kernel has all threads end before it looks for where to put the core.
        check(one, two, signal.SIGXCPU, *MAKES)
        if os.environ.get("THULE_TEST_TRANSPORT") != "uring":
            two.unmount()
            two.mount("keeper")
            check_kept(one, two, *MAKES)
            equal("changed", get(two, "d/name"), "what another host has changed")
            check_kept(one, two, *WRITES)
            equal("x", get(two, "d/pages")[5000], "what was written")


main()
