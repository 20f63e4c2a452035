#!/usr/bin/python3
# mount: no
"""What is open on one host while another one undoes or restores: a file or directory that loses its name stays for those who have it, as after unlink,
and ends when one host is alone; a directory that comes back can be used on each."""

import errno
import json
import os

from case import equal, fails, sql
from hosts import Hosts, get, put
from other import Other, eventually

THULE = os.environ["THULE"]


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


def thule(host, *arguments):
    return json.loads(host.run(THULE, *arguments, "--json", cwd="/"))


def undo(host, since):
    return thule(host, "undo", "--since", f"op:{since + 1}", "/", "--force")


def nameless():
    return [int(ino) for ino, in sql("select i.ino from thule.inode i where i.nlink = 0")]


def sound(what):
    equal([], sql("select * from thule.fsck"), f"fsck {what}")


def check_file(one, two):
    """It is made by what is undone, and written to afterwards where it is open."""
    before = last_op()
    put(one, "made", "content")
    with open(two.path("made"), "r+", encoding="ascii") as f:
        undone = undo(one, before)
        for host in (one, two):
            equal(False, os.path.exists(host.path("made")), f"the name on {host.name}")
        eventually("it has no name", lambda: os.fstat(f.fileno()).st_nlink == 0)
        equal(7, os.fstat(f.fileno()).st_size, "size of what is open")
        equal("content", f.read(), "what is open")
        f.write(" and more")
        f.flush()
        os.fsync(f.fileno())
        sound("while it is open")
        thule(one, "undo", "--tag", undone["tag"])
        for host in (one, two):
            equal("content and more", get(host, "made"), f"with its name back, on {host.name}")
        eventually("the name is back", lambda: os.fstat(f.fileno()).st_nlink == 1)


def check_restore(one, two):
    os.mkdir(one.path("dir"))
    put(one, "dir/name", "old")
    then = last_op()
    put(one, "dir/new", "new")
    os.rename(one.path("dir/new"), one.path("dir/name"))
    put(one, "dir/more", "more")
    with open(two.path("dir/name"), encoding="ascii") as name, open(two.path("dir/more"), encoding="ascii") as more:
        thule(one, "restore", one.path("dir"), "--at", f"op:{then}")
        equal(("new", "more"), (name.read(), more.read()), "what restore took the name of")
        for f in (name, more):
            eventually("it has no name", lambda f=f: os.fstat(f.fileno()).st_nlink == 0)
    for host in (one, two):
        equal(["name"], os.listdir(host.path("dir")), f"names on {host.name}")
        equal("old", get(host, "dir/name"), f"content on {host.name}")
    sound("after restore")


def links_and_mode():
    st = os.stat(".")
    return st.st_nlink, st.st_mode


def check_directory(one, two):
    """One process is in it, another has it open."""
    before = last_op()
    os.makedirs(one.path("house/room"))
    eventually("it is there", lambda: os.path.isdir(two.path("house/room")))
    other = Other()
    other.call(os.chdir, two.path("house/room"))
    folder = os.open(two.path("house"), os.O_RDONLY | os.O_DIRECTORY)
    undone = undo(one, before)
    eventually("it is gone", lambda: not os.path.exists(two.path("house")))
    eventually("where it is has gone", lambda: other.call(links_and_mode) == (0, 0o40755))
    eventually("what is open has gone", lambda: os.fstat(folder).st_nlink == 0)
    equal([], os.listdir(folder), "names in what is open")
    fails(errno.ENOENT, other.call, os.mkdir, "new")
    fails(errno.ENOENT, os.mkdir, "new", dir_fd=folder)
    sound("while it is open")
    thule(one, "undo", "--tag", undone["tag"])
    for host in (one, two):
        eventually(f"it is back on {host.name}", lambda host=host: os.path.isdir(host.path("house/room")))
        put(host, f"house/room/{host.name}", "")
    os.close(folder)
    other.end()
    sound("after it came back")


def check_removed(one, two):
    """A directory that a host has removed while a process was in it, and that is undone."""
    before = last_op()
    for host in (one, two):
        os.makedirs(host.path(f"{host.name}/sub"))
    for host in (one, two):
        made, within = last_op(), Other()
        within.call(os.chdir, host.path(host.name, "sub"))
        os.rmdir(host.path(host.name, "sub"))
        os.rmdir(host.path(host.name))
        # Whoever has the right to write performs it.
        put(one, "turn", host.name)
        undo(one, made)
        for user in (two, one):
            eventually(f"{host.name} is back on {user.name}", lambda host=host, user=user: os.path.isdir(user.path(host.name, "sub")))
            put(user, f"{host.name}/sub/{user.name}", "")
            os.mkdir(user.path(host.name, user.name))
        within.end()
    sound("after what was removed came back")
    undo(one, before)


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        two.mount()
        for check in (check_file, check_restore, check_directory, check_removed):
            check(one, two)
        gone = nameless()
        equal(True, len(gone) > 3, f"inodes without a name: {gone}")
        one.unmount()
        eventually("what has no name has ended", lambda: not nameless())


main()
