#!/usr/bin/python3
# mount: no
# labels: long
"""git on two hosts in turn, in one repository: branches, commits, merges and gc of one are what the other finds and goes on with."""

import os
import shutil

from case import equal, skip
from hosts import CASE_DIR, Hosts, put

ENVIRONMENT = {**os.environ, "HOME": CASE_DIR, "GIT_CONFIG_NOSYSTEM": "1"}
SETTINGS = {"user.name": "Tester", "user.email": "tester@example.org", "init.defaultBranch": "main", "gc.auto": "0", "core.fsync": "all"}
TURNS = 6


def git(host, *arguments):
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    return host.run("git", "-C", os.path.join(host.mountpoint, "repo"), *settings, *arguments, env=ENVIRONMENT)


def turn(host, n):
    git(host, "switch", "-q", "-c", f"topic-{n}", "main")
    put(host, f"repo/{host.name}-{n}", f"made in turn {n}\n")
    put(host, "repo/shared", "".join(f"line {i}\n" for i in range(n + 1)))
    git(host, "add", "-A")
    git(host, "commit", "-q", "-m", f"turn {n} on {host.name}")
    git(host, "switch", "-q", "main")
    git(host, "merge", "-q", "--no-ff", "--no-edit", f"topic-{n}")
    if n % 3 == 2:
        git(host, "gc", "-q", "--prune=now")
    host.sync()


def sound(host, turns):
    equal("", git(host, "status", "--porcelain"), f"git status on {host.name}")
    git(host, "fsck", "--full", "--strict", "--no-progress", "--no-dangling")
    equal([f"turn {n} on {('one', 'two')[n % 2]}" for n in range(turns)], git(host, "log", "--topo-order", "--no-merges", "--reverse", "--format=%s").split("\n"),
          f"commits on {host.name}")


def main():
    if not shutil.which("git"):
        skip("git is not installed")
    with Hosts("one", "two") as (one, two):
        one.mount()
        os.mkdir(one.path("repo"))
        git(one, "init", "-q")
        git(one, "commit", "-q", "--allow-empty", "-m", "turn 0 on one")
        one.sync()
        two.mount()
        for n in range(1, TURNS):
            turn((one, two)[n % 2], n)
            for host in (two, one):
                sound(host, n + 1)


main()
