#!/usr/bin/python3
# mount: no
# labels: long
"""A host has acknowledged what it did not get to commit when it is killed, also while it is cut off or stands still, and another host writes before it is back:
its next mount goes on with what the database has. What is missing is in a file beside the journal, which is private, never another's, and named by the log,
`thule status`, `thule journal list` and `thule journal show`."""

import json
import os
import re
import shlex
import stat
import subprocess
import time

from case import equal, shell
from hosts import CASE_DIR, LOG, Hosts, get, put, shows
from other import eventually
from psql import Psql

THULE = os.environ["THULE"]
UID = 65534
CLOSES_WAIT_S = 0.5  # FOLLOW_TAKEN_NS, and more
KEPT = r"op:(\d+) to op:(\d+), which that had acknowledged, are not in the database: they are kept in (\S+), see"


def count(query):
    return int(shell("sql", f"select count(*) from {query}"))


class Commands:
    """What is run on a host as the one who has mounted there."""

    def __init__(self, host, uid=0):
        self.host = host
        self.home = os.path.join(CASE_DIR, f"home-{uid}")
        if uid:
            os.chmod(CASE_DIR, 0o755)
            os.makedirs(self.home, exist_ok=True)
            for place in (self.home, host.mountpoint):
                os.chown(place, uid, uid)
            # Everybody may open it here.
            host.run("sh", "-euc", "mount -t tmpfs -o mode=755 fuse /mnt; mknod -m 666 /mnt/fuse c 10 229; mount --bind /mnt/fuse /dev/fuse")
            host.prefix = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--pdeathsig", "KILL", "env", "-u", "XDG_RUNTIME_DIR",
                           "-u", "XDG_STATE_HOME", f"HOME={self.home}"]  # fmt: skip

    def __call__(self, *command):
        return self.host.run(*self.host.prefix, *command, cwd="/")

    def shell(self, script):
        """In the mount."""
        return self("sh", "-euc", f"cd {shlex.quote(self.host.mountpoint)}; {script}")

    def journal(self, *arguments):
        return self(THULE, "journal", *arguments)

    def status(self):
        """Also where not all is well."""
        said = self.host.run(*self.host.prefix, THULE, "status", "--json", self.host.mountpoint, cwd="/", check=False)
        return json.loads(said)


def end_session(host):
    """The server has nothing more of what the host had under way."""
    live = f"thule.mount m join pg_stat_activity a on a.pid = m.backend where m.host = '{host.name}' and m.ended_at is null"
    shell("sql", f"select count(pg_terminate_backend(a.pid)) from {live}")
    eventually("its session is gone", lambda: not count(live))


def acknowledge(two, commands, name):
    """What is synced is in the database, and what is acknowledged after it is in the journal alone: closes wait for their commit for a while after a mount has
    taken the lease over (fs/op/follow.h), and then no more."""
    time.sleep(CLOSES_WAIT_S)
    commands.shell(f"mkdir {name}; echo synced >{name}/synced; sync {name}/synced; ls -R >/dev/null")
    lock = Psql()
    lock.do("begin")
    lock.do("lock table thule.op in share mode")
    commands.shell(f"echo lost >{name}/loose; mkdir {name}/sub; echo deep >{name}/sub/deep; echo more >>{name}/synced")
    two.stop()
    end_session(two)
    lock.do("rollback")
    lock.end()


def killed(two, overtake):
    two.kill()
    overtake()


def cut(two, overtake):
    two.cut()
    two.go_on()
    overtake()
    two.kill()
    two.mend()


def stood(two, overtake):
    overtake()
    two.kill()


def check_kept(two, commands, name, before):
    """All that tells of it. Returns its path."""
    said = re.findall(KEPT, two.said(before))
    equal(1, len(said), "how often something was kept")
    first, last, path = int(said[0][0]), int(said[0][1]), said[0][2]
    there = os.stat(two.namespaces.root(path))
    equal((0o600, True), (stat.S_IMODE(there.st_mode), there.st_size > 0), f"mode of {path}")
    shown = commands.journal("show", path)
    equal([f"op:{op}" for op in range(first, last + 1)], re.findall(r"^op:\d+", shown, re.MULTILINE), "the ops that are shown")
    ops = json.loads(commands.journal("show", path, "--paths", "--json"))["ops"]
    equal({("create", f"/{name}/loose"), ("mkdir", f"/{name}/sub"), ("create", f"/{name}/sub/deep"), ("write", f"/{name}/sub/deep"),
           ("write", f"/{name}/loose"), ("write", f"/{name}/synced")},
          {(op["kind"], op["path"]) for op in ops if op["kind"] in ("create", "mkdir", "write")}, "paths of what is missing")  # fmt: skip
    deep = next(op["op"] for op in ops if op["kind"] == "write" and op["path"] == f"/{name}/sub/deep")
    equal("deep", commands.journal("show", path, f"op:{deep}"), "bytes of what is missing")
    equal(True, {"file": path, "from": first, "to": last} in commands.status()["journal"]["kept"], f"thule status names {path}")
    equal(True, path in commands(THULE, "status", two.mountpoint), f"thule status shows {path}")
    return path


def check(one, two, how, leave, commands, options):
    name = how + str(count("thule.mount"))
    before = os.path.getsize(LOG)
    two.mount(options)
    acknowledge(two, commands, name)
    leave(two, lambda: put(one, f"{name}-behind", "one"))
    equal("synced\n", get(one, f"{name}/synced"), "what was synced")
    two.mount(options)
    path = check_kept(two, commands, name, before)
    equal("synced", commands.shell(f"ls {name}; cat {name}/synced").replace("synced\n", "", 1), "what is there on two")
    equal(["synced"], os.listdir(one.path(name)), "what is there on one")
    equal(0, count(f"thule.change where path ~ '^/{name}/(loose|sub)'"), "ops that were kept and done")
    commands.shell(f"echo two >{name}/again; sync {name}/again")
    shows(one, f"{name}/again", "two\n")
    two.unmount()
    return path


def content(two, path):
    with open(two.namespaces.root(path), "rb") as f:
        return f.read()


def check_living(one, two, commands):
    """Its daemon goes on, and says the same."""
    before = os.path.getsize(LOG)
    two.mount()
    acknowledge(two, commands, "living")
    put(one, "living-behind", "one")
    two.go_on()
    eventually("it is fenced", lambda: "they are kept in" in two.said(before))
    path = re.search(r"they are kept in (\S+),", two.said(before))[1]
    eventually("status names it", lambda: [kept["file"] for kept in commands.status()["journal"]["kept"]].count(path) == 1)
    two.end(15)
    two.mount()
    equal(1, two.said(before).count("has changed the filesystem"), "how often it was kept")
    two.unmount()
    return path


def check_all(one, two, commands, options, ways):
    """No file takes the place of another."""
    paths = {}
    for how, leave in ways:
        path = check(one, two, how, leave, commands, options)
        equal(False, path in paths, f"whether {path} was there before")
        paths[path] = content(two, path)
        for earlier, bytes_ in paths.items():
            equal(True, content(two, earlier) == bytes_, f"whether {earlier} is as it was")
    return paths


def main():
    journal = os.path.join(CASE_DIR, "two.journal")
    with Hosts("one", "two") as (one, two):
        root = Commands(two)
        one.mount()
        paths = check_all(one, two, root, "", [("killed", killed), ("cut", cut), ("stood", stood), ("killed", killed)])
        paths[check_living(one, two, root)] = None
        listed = root.journal("list")
        for path in paths:
            equal(True, path in listed, f"{path} is listed")
        equal(True, all(os.path.dirname(path) == "/run/thulefs" for path in paths), f"where they are: {list(paths)}")
        check_all(one, two, root, f"journal={journal}", [("disk", killed), ("disk", stood)])
        if subprocess.run(["stat", "-f", "-c", "%T", CASE_DIR], stdout=subprocess.PIPE, check=True).stdout != b"tmpfs\n":
            check_all(one, two, root, f"fsync=journal,journal={journal}", [("flushed", killed), ("flushed", cut)])
        os.chmod(one.path(""), 0o777)
        one.sync()
        check_all(one, two, Commands(two, UID), "", [("user", killed), ("user", stood)])


main()
