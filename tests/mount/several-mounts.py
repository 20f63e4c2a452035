#!/usr/bin/python3
# mount: no
"""Several hosts mount one filesystem, and each writes, one at a time: the lease moves to who has a change waiting. What one has committed the others
show; what has lost its name stays for those who have it open; a host that is killed, cut off or stopped takes nothing with it that was fsynced."""

import errno
import json
import os
import threading
import time

from case import equal, fails, sql
from hosts import Hosts, get, put, shows
from other import Other, eventually


def holder():
    return sql("select m.host from thule.mount m where m.id in (select thule_internal.mount_alive())")


def ops(since=0):
    return sql(f"select k.name, m.host from thule.op o join thule.op_kind k on k.id = o.kind join thule.mount m on m.id = o.mount where o.op > {since} order by o.op")


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


def check_turns(one, two):
    """Each in turn, in the same directory and the same files: no op is lost, and none is done twice."""
    before = last_op()
    for n in range(10):
        put(one, "turn", f"one {n}")
        shows(two, "turn", f"one {n}")
        put(two, "turn", f"two {n}")
        shows(one, "turn", f"two {n}")
    equal([h for _ in range(10) for h in ("one", "two")], [h for k, h in ops(before) if k == "write"], "writes in the log")


def check_both(one, two):
    """Both at once, each a process that makes files in one directory."""
    os.mkdir(one.path("both"))
    eventually("the directory", lambda: os.path.isdir(two.path("both")))

    def fill(host):
        for n in range(40):
            put(host, f"both/{host.name}{n}", str(n))

    threads = [threading.Thread(target=fill, args=(host,)) for host in (one, two)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    names = sorted(f"{host.name}{n}" for host in (one, two) for n in range(40))
    for host in (one, two):
        eventually(f"all names on {host.name}", lambda host=host: sorted(os.listdir(host.path("both"))) == names)
        equal([n.lstrip("onetw") for n in names], [get(host, f"both/{n}") for n in names], f"contents on {host.name}")


def check_open(one, two):
    """What was synced on one before a file is opened on the other is what that reads, without a moment between; also where another took its place."""
    put(one, "o", "0")
    shows(two, "o", "0")
    for n in range(1, 10):
        put(one, "o", str(n))
        equal(str(n), get(two, "o"), "the file that was synced")
        with open(one.path("o"), "w", encoding="ascii") as f:
            f.write(f"closed {n}")
        equal(f"closed {n}", get(two, "o"), "the file that was closed")
    put(one, "o.new", "another")
    os.rename(one.path("o.new"), one.path("o"))
    with open(one.path("o"), encoding="ascii") as f:
        os.fsync(f.fileno())
    equal("another", get(two, "o"), "the one that took its place")


def check_told(one, two):
    """Who opens a file knows what was committed before, also where the kernel has yet to be told of it: it waits for a page that is being read."""
    for name, text in (("slow", "x" * 9000), ("beside", ""), ("gone", "")):
        put(one, name, text)
    equal(("", 0), (get(two, "beside"), os.stat(two.path("gone")).st_size + os.stat(two.path("slow")).st_size - 9000), "what is known")
    reading = threading.Event()
    two.proxy.due = lambda connection, _, kind: connection.application in ("thulefs reader", "thulefs direct") and not reading.set() and "hold"
    reader = threading.Thread(target=get, args=(two, "slow"))
    reader.start()
    reading.wait()
    os.unlink(one.path("gone"))
    put(one, "slow", "other")
    time.sleep(0.1)
    get(two, "beside")
    there = os.path.exists(two.path("gone"))
    del two.proxy.due
    equal(False, there, "whether what was removed is there")
    reader.join()


def check_handed(one, two):
    """Who opens a file where the lease was finds what was written since, while that daemon has yet to hear that it has lost it."""
    put(two, "handed", "two")
    equal("two", get(two, "handed"), "contents")
    two.proxy.due = lambda connection, _, kind: "hold" if connection.application in ("thulefs lease", "thulefs drain") and kind == b"T" else None
    put(one, "handed", "one")
    for _ in range(20):
        equal("one", get(two, "handed"), "contents")
        time.sleep(0.03)
    del two.proxy.due


def check_reading(one, two):
    """Who only reads, opens and closes leaves the lease where it is."""
    put(one, "r", "read")
    shows(two, "r", "read")
    for _ in range(20):
        equal("read", get(two, "r"), "contents")
        os.listdir(two.path(""))
    equal([["one"]], holder(), "who has the lease")
    seen = [json.loads(host.run(os.environ["THULE"], "status", host.mountpoint, "--json", cwd="/"))["filesystem"] for host in (one, two)]
    equal([("one", True), ("one", False)], [(s["lease"]["host"], s["lease"]["id"] == s["mount"]["id"]) for s in seen], "the lease that each shows")
    shown = two.run(os.environ["THULE"], "status", two.mountpoint, cwd="/")
    equal(True, f"{one.mountpoint} on host one, pid {one.process.pid}: this mount follows it" in shown, shown)


def check_orphan(one, two):
    """What is open on one stays readable there when the other removes it, and ends once it is closed and nobody else is there."""
    put(one, "orphan", "open")
    shows(two, "orphan", "open")
    with open(two.path("orphan"), encoding="ascii") as f:
        os.unlink(one.path("orphan"))
        eventually("it has no name", lambda: not os.path.exists(two.path("orphan")))
        put(one, "else", "")
        equal("open", f.read(), "what is open")
        equal(0, os.fstat(f.fileno()).st_nlink, "links")


def check_made(one, two):
    """What the other has made meanwhile is opened, and is there for who wants it to be new."""
    put(two, "mine", "")
    other = Other()
    other.call(os.stat, one.path(""))
    put(two, "new", "two")
    put(one, "new", "one")
    shows(two, "new", "one")
    fails(errno.EEXIST, os.open, two.path("new"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    other.end()


def check_removed(one, two):
    """Nothing can be made in a directory that the other has removed, by who is in it still."""
    os.mkdir(one.path("removed"))
    put(two, "moved", "")
    fd = os.open(two.path("removed"), os.O_RDONLY | os.O_DIRECTORY)
    os.rmdir(one.path("removed"))
    fails(errno.ENOENT, os.symlink, "target", "made", dir_fd=fd)
    fails(errno.ENOENT, os.mkdir, "made", dir_fd=fd)
    fails(errno.ENOENT, os.open, "made", os.O_CREAT | os.O_WRONLY, dir_fd=fd)
    fails(errno.ENOENT, os.mknod, "made", dir_fd=fd)
    fails(errno.ENOENT, os.link, two.path("moved"), "made", dst_dir_fd=fd)
    fails(errno.ENOENT, os.rename, two.path("moved"), "made", dst_dir_fd=fd)
    equal([], os.listdir(fd), "entries")
    os.close(fd)


def check_undo(one, two):
    """A command on one host undoes what the other did, and both show that."""
    put(one, "undone", "before")
    shows(two, "undone", "before")
    put(two, "undone", "after")
    before = last_op()
    os.unlink(two.path("undone"))
    eventually("it is gone", lambda: not os.path.exists(one.path("undone")))
    one.run(os.environ["THULE"], "undo", "--since", f"op:{before + 1}", "/undone", "--yes", cwd="/")
    for host in (one, two):
        shows(host, "undone", "after")


def check_killed(one, two):
    put(two, "killed", "two")
    equal([["two"]], holder(), "who has the lease")
    two.kill()
    put(one, "killed", "one")
    two.mount()
    equal("one", get(two, "killed"), "contents")


def check_stopped(one, two):
    """A host that stands still with the lease does not answer: its session is ended, and nothing is lost that was synced."""
    sql("do $$ begin execute format('alter database %I set thule.write_limit = %L', current_database(), '1s'); end $$")
    put(two, "stopped", "two")
    two.stop()
    writes = threading.Thread(target=put, args=(one, "stopped", "one"))
    writes.start()
    eventually("it is said what the change waits for", lambda: "another host" in one.run(os.environ["THULE"], "status", one.path(""), "--requests"))
    writes.join()
    equal([["write", "two"], ["truncate", "one"], ["write", "one"]], [op for op in ops(last_op() - 20) if op[0] != "forget"][-3:],
          "what was done, but for what ends as one is alone")
    two.go_on()
    eventually("its daemon knows", lambda: "follows the mount" in two.said())
    shows(two, "stopped", "one")
    put(two, "stopped", "again")
    shows(one, "stopped", "again")


def check_cut(one, two):
    """The connections of the one with the lease are cut; it writes on, if nobody else has."""
    put(one, "cut", "one")
    one.cut()
    one.mend()
    put(one, "cut", "again")
    shows(two, "cut", "again")
    two.cut()
    put(one, "cut", "behind")
    two.mend()
    shows(two, "cut", "behind")


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        put(one, "first", "one")
        two.mount()
        equal("one", get(two, "first"), "what was there before")
        for check in (check_turns, check_both, check_open, check_told, check_handed, check_reading, check_made, check_removed, check_orphan, check_undo, check_killed, check_stopped, check_cut):
            check(one, two)
        two.unmount()
        eventually("what has no name has ended", lambda: sql("select i.ino from thule.inode i where i.nlink = 0") == [])


main()
