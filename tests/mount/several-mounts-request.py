#!/usr/bin/python3
# mount: no
"""What a request has changed that no op names, such as a repair in place, is known to a mount that has not looked since, when the right to write moves there."""

import os
import threading

from case import equal, sql
from hosts import Hosts, put, shows
from other import eventually
from proxy import FROM_SERVER


def hold_looks(host):
    """What its control session is answered stays on the way until the event is set."""
    go_on, due = threading.Event(), host.proxy.due

    def hold(connection, direction, kind):
        if direction == FROM_SERVER and connection.application == "thulefs control":
            go_on.wait()
        return due(connection, direction, kind)

    host.proxy.due = hold
    return go_on


def mode(host):
    return os.stat(host.path("file")).st_mode & 0o777


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        two.mount()
        put(one, "file", "")
        shows(two, "file", "")
        equal(0o644, mode(two), "mode on two, which knows all when it has opened a file")
        looks = hold_looks(two)
        try:
            sql("update thule.inode set mode = mode & ~63 where ino = (select f.ino from thule.file f where f.path = '/file')")
            one.run(os.environ["THULE"], "quota", "set", "--user", "4711", "--bytes", "1G", one.mountpoint, cwd="/")
            put(two, "other", "")
        finally:
            looks.set()
        eventually("two shows what was changed in place", lambda: mode(two) == 0o600)


main()
