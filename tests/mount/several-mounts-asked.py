#!/usr/bin/python3
# mount: no
"""What is asked on a host that follows while another one writes: an atomic run, undo, restore and erase, also by a user at the door; and a run that loses its
keeper there."""

import json
import os
import shutil
import signal
import subprocess

from case import equal, sql
from hosts import Hosts, get, put
from other import eventually
from stopped import stop

THULE = os.environ["THULE"]
UID = 65534


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


class Writer:
    """Another host has the right to write, and uses it."""

    def __init__(self, host):
        self.process = subprocess.Popen(host.command("sh", "-euc", 'cd "$0"; while :; do echo busy >busy; sync busy; done', host.mountpoint), cwd="/")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def tree(host):
    """Names, and what is in files, but what the writer writes."""
    found = {}
    for folder, _, names in os.walk(host.path("")):
        found[os.path.relpath(folder, host.path(""))] = {name: open(os.path.join(folder, name), "rb").read() for name in names if name != "busy"}
    return found


def run_atomic(two, script):
    return subprocess.run(two.command(THULE, "run", "--atomic", "--", "sh", "-euc", f"cd {two.mountpoint}; {script}"), cwd="/", check=False,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120)  # fmt: skip


WRECK = "rm -r dir; echo changed >kept; chmod 600 mode; mv name other; mkdir new; echo x >new/file; "


def same(one, two, before, what):
    for host in (one, two):
        eventually(f"{what}, on {host.name}", lambda host=host: tree(host) == before)


def check_runs(one, two):
    before = tree(one)
    same(one, two, before, "what is there")
    done = run_atomic(two, WRECK + "exit 3")
    equal((3, True), (done.returncode, "undone" in done.stderr), f"a run that fails, which said {done.stderr}")
    same(one, two, before, "the tree after a run that failed")
    done = run_atomic(two, "mkdir stays; echo x >stays/file")
    equal(0, done.returncode, f"a run that succeeds, which said {done.stderr}")
    eventually("it is on the other", lambda: os.path.exists(one.path("stays/file")))
    shutil.rmtree(one.path("stays"))
    done = run_atomic(two, "exit 1")
    equal((1, True), (done.returncode, "changed nothing" in done.stderr), f"a run without changes, which said {done.stderr}")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def unfinished():
    return sql("select (select count(*) from thule.run where ended_at is null) + (select count(*) from thule.request where done_at is null)") != [["0"]]


def check_abandoned(one, two):
    """thule run and its keeper are killed, and the host follows: another one has the right to write, and keeps it."""
    before = tree(one)
    process = subprocess.Popen(two.command(THULE, "run", "--atomic", "--", "sh", "-euc", f"cd {two.mountpoint}; {WRECK} mkdir new/ready; exec sleep 60"), cwd="/",
                               stdin=subprocess.DEVNULL)  # fmt: skip
    eventually("it runs", lambda: os.path.isdir(one.path("new/ready")))
    keeper = children(process.pid)[0]
    with Writer(one):
        eventually("the other one writes", lambda: sql("select m.host from thule.mount m where m.backend = thule.lease_holder()") == [["one"]])
        stop(process.pid)
        os.kill(keeper, signal.SIGKILL)
        process.kill()
        process.wait()
        eventually("every run has an end", lambda: not unfinished())
    equal([["t"]], sql("select error is null from thule.request order by id desc limit 1"), "its undo")
    same(one, two, before, "the tree after a run that was abandoned")


def check_asked(one, two):
    then = last_op()
    before = tree(two)
    put(one, "made", "made")
    two.run(THULE, "undo", "--since", f"op:{then + 1}", "--exe", os.path.realpath("/proc/self/exe"), two.mountpoint, "--force", cwd="/")
    same(one, two, before, "after undo")
    put(one, "made", "again")
    at = last_op()
    put(one, "made", "newer")
    two.run(THULE, "restore", os.path.join(two.mountpoint, "made"), "--at", f"op:{at}", cwd="/")
    equal("again", get(two, "made"), "after restore, on two")
    equal("again", get(one, "made"), "after restore, on one")
    put(one, "secret", "secret")
    eventually("it is there", lambda: os.path.exists(two.path("secret")))
    two.run(THULE, "erase", os.path.join(two.mountpoint, "secret"), "--yes", cwd="/")
    equal((False, False), (os.path.exists(two.path("secret")), os.path.exists(one.path("secret"))), "after erase")
    put(one, "removed", "secret")
    os.unlink(one.path("removed"))
    one.sync()
    said = two.run(THULE, "erase", os.path.join(two.mountpoint, "removed"), "--yes", cwd="/", check=False, stderr=subprocess.STDOUT)
    equal(True, "one of several hosts" in said and "unmount the others" in said, f"what is said of a file without a name: {said}")


def check_free(one, two):
    """The host that has the right to write is killed, and what is asked on the other one finds nobody for a moment."""
    then = last_op()
    put(two, "from-two", "two")
    two.kill()
    one.run(THULE, "undo", "--since", f"op:{then + 1}", one.mountpoint, "--force", cwd="/")
    equal(False, os.path.exists(one.path("from-two")), "after undo")
    two.mount("allow_other")


def visitor(two, *command):
    """Who has no way to the database: the network is not there. A user of root's mount asks at its door."""
    return subprocess.run(
        two.command("unshare", "--net", "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "env", "-i", f"PATH={os.environ['PATH']}",
                    "HOME=/nonexistent", *command), cwd="/", check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)  # fmt: skip


def check_door(one, two):
    os.makedirs(one.path("his"), exist_ok=True)
    os.chown(one.path("his"), UID, UID)
    eventually("it is there", lambda: os.path.isdir(two.path("his")) and os.stat(two.path("his")).st_uid == UID)
    script = f"cd {two.mountpoint}/his; echo good >f; sync f"
    done = visitor(two, "sh", "-euc", script)
    equal(0, done.returncode, done.stderr)
    then = last_op()
    equal(0, visitor(two, "sh", "-euc", f"cd {two.mountpoint}/his; echo bad >f; sync f").returncode, "he writes")
    put(one, "turn", "one")
    done = visitor(two, THULE, "undo", "--since", f"op:{then + 1}", f"{two.mountpoint}/his", "--json")
    equal(0, done.returncode, f"undo at the door, which said {done.stderr}")
    equal("good\n", get(two, "his/f"), "after undo, on two")
    equal("good\n", get(one, "his/f"), "after undo, on one")


def main():
    with Hosts("one", "two") as (one, two):
        one.mount("allow_other")
        two.mount("allow_other")
        os.makedirs(one.path("dir/sub"))
        for name in ("dir/a", "dir/sub/b", "kept", "mode", "name", "busy"):
            put(one, name, name * 1000)
        with Writer(one):
            for check in (check_runs, check_asked, check_door):
                check(one, two)
        for check in (check_runs, check_asked, check_door, check_abandoned, check_free):
            check(one, two)


main()
