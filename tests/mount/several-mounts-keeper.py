#!/usr/bin/python3
# mount: no
"""Hosts whose mounts have a keeper: the daemon of one that follows is killed, and the next one goes on, with what is open, and shows what the other host
has changed meanwhile."""

import os
import signal

from case import equal, sql
from hosts import Hosts, get, put, shows
from other import eventually


def daemon(host):
    """The child of the keeper; 0 while there is none."""
    pid = host.process.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return int((f.read().split() or ["0"])[0])


def replaced(host, meanwhile=None):
    """Its daemon is killed, and another serves."""
    before, served = daemon(host), host.said().count("a new daemon serves")
    if meanwhile:
        host.stop()
    os.kill(before, signal.SIGKILL)
    if meanwhile:
        meanwhile()
        host.go_on()
    eventually(f"{host.name} has another daemon", lambda: host.said().count("a new daemon serves") > served)


def check(one, two):
    put(one, "kept", "before")
    put(one, "name", "before")
    os.mkdir(one.path("d"))
    shows(two, "kept", "before")
    shows(two, "name", "before")
    eventually("the directory", lambda: os.path.isdir(two.path("d")))
    equal([], os.listdir(two.path("d")), "names")

    def meanwhile():
        put(one, "kept", "after")
        os.rename(one.path("kept"), one.path("d/moved"))
        put(one, "name.new", "another")
        os.rename(one.path("name.new"), one.path("name"))
        one.sync()

    with open(two.path("kept"), encoding="ascii") as f:
        replaced(two, meanwhile)
        eventually("what is open", lambda: os.pread(f.fileno(), 100, 0) == b"after")
    shows(two, "name", "another")
    eventually("it has moved", lambda: os.listdir(two.path("d")) == ["moved"])
    equal(False, os.path.exists(two.path("kept")), "the old name is there")
    put(two, "two", "written")
    shows(one, "two", "written")
    put(one, "one", "written")
    shows(two, "one", "written")


def main():
    with Hosts("one", "two") as (one, two):
        one.mount("keeper")
        two.mount("keeper")
        for _ in range(2):
            check(one, two)
            for host in (two, one):
                replaced(host)
                put(host, host.name, "after")
            shows(one, "two", "after")
            os.unlink(one.path("d/moved"))
            os.rmdir(one.path("d"))
        two.unmount()
        eventually("what has no name has ended", lambda: sql("select count(*) from thule.inode where nlink = 0") == [["0"]])


main()
