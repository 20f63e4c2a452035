#!/usr/bin/python3
# mount: no
"""Several hosts: what a host has is its own, and one that is cut off is not the other."""

import os

from case import equal
from hosts import Hosts, get, put


def other_hosts(one, two):
    """They differ in what tells hosts apart, and have nothing of each other's."""
    for command in (["hostname"], ["cat", "/proc/sys/kernel/random/boot_id"]):
        equal(2, len({one.run(*command), two.run(*command)}), f"answers of two hosts to {command}")
    one.run("touch", "/dev/shm/here")
    equal("", two.run("ls", "/dev/shm"), "the other host's /dev/shm")


def main():
    with Hosts("one", "two") as (one, two):
        other_hosts(one, two)
        one.mount()
        put(one, "f", "written by one\n")
        equal("one", one.run(os.environ["THULE"], "sql", "-XAtc", "select host from thule.change where path = '/f' and kind = 'create'"),
              "the host in the log")
        one.cut()
        one.mend()
        put(one, "f", "written by one after it was cut off\n")
        one.stop()
        one.go_on()
        one.unmount()
        two.mount()
        equal("written by one after it was cut off\n", get(two, "f"), "what the other host has written")
        put(two, "f", "written by two\n")
        two.kill()
        one.mount()
        equal("written by two\n", get(one, "f"), "what a host has written whose daemon was killed")


main()
