#!/usr/bin/env python3
"""How far the program that the log names is proof: one that is at that path where the daemon is, another that only
calls itself so, one that was replaced while it ran, and programs of the mount itself; and that no name is missing for
want of descriptors.
"""


import json
import os
import shutil
import subprocess
import time

from case import LIB, equal, path, sql

THULE = os.environ["THULE"]
BIN = os.path.join(os.environ["CASE_DIR"], "bin")
PROCESSES = 700


def run(program, name):
    """Makes a file in the mount by a copy of the shell."""
    subprocess.run([program, "-c", 'echo x >"$1"', "sh", path(name)], check=True)


def who(name):
    """exe, exe_seen, exe_deleted and incomplete of who made a file."""
    rows = sql("select exe, coalesce(exe_seen::text, 'null'), exe_deleted, incomplete from thule.change"
               f" where path = '/{name}' and kind = 'create'")
    return rows[0]


def logged(name):
    shown = subprocess.run([THULE, "log", path(name)], stdout=subprocess.PIPE, check=True).stdout.decode()
    rows = json.loads(subprocess.run([THULE, "log", "--json", path(name)], stdout=subprocess.PIPE, check=True).stdout)
    return shown, rows[-1]


def copy_of_shell(name):
    os.makedirs(BIN, exist_ok=True)
    program = os.path.join(os.path.realpath(BIN), name)
    shutil.copy("/bin/sh", program)
    return program


def check_honest():
    program = copy_of_shell("honest")
    run(program, "honest")
    equal([program, "true", "f", "f"], who("honest"), "a program that is where it says")
    shown, row = logged("honest")
    equal(True, row["exe_seen"], "exe_seen in JSON")
    if "(claimed)" in shown or "(replaced)" in shown:
        raise AssertionError(f"thule log doubts an honest program: {shown}")


def check_namespace():
    """A program of somebody's own over another, in a mount namespace of theirs."""
    if os.geteuid() != 0:
        return
    evil = copy_of_shell("evil")
    victim = copy_of_shell("dpkg")
    script = f'mount --bind "{evil}" "{victim}" && exec "{victim}" -c \'echo x >"$0"\' "{path("claimed")}"'
    subprocess.run(["unshare", "-m", "sh", "-c", script], check=True)
    equal([victim, "false", "f", "f"], who("claimed"), "a program that was put over another")
    shown, row = logged("claimed")
    equal(False, row["exe_seen"], "exe_seen in JSON")
    if f"{victim} (claimed)" not in shown:
        raise AssertionError(f"thule log does not say that it is a claim: {shown}")
    run(victim, "true-dpkg")
    equal([victim, "true", "f", "f"], who("true-dpkg"), "the program itself, afterwards")
    # A path that is nowhere where the daemon is.
    os.mkdir(os.path.join(BIN, "own"))
    script = (f'mount -t tmpfs own "{BIN}/own" && cp /bin/sh "{BIN}/own/sh" &&'
              f' exec "{BIN}/own/sh" -c \'echo x >"$0"\' "{path("nowhere")}"')
    subprocess.run(["unshare", "-m", "sh", "-c", script], check=True)
    equal("false", who("nowhere")[1], "exe_seen of a program at a path that the daemon does not have")


def check_replaced():
    """A program that was replaced is one with its successor."""
    program = copy_of_shell("service")
    old = subprocess.Popen([program, "-c", 'read x; echo x >"$1"', "sh", path("by-old")], stdin=subprocess.PIPE)
    while os.readlink(f"/proc/{old.pid}/exe") != program:
        time.sleep(0.01)
    os.rename(copy_of_shell("service.new"), program)
    old.communicate(b"go\n")
    run(program, "by-new")
    equal([program, "null", "t", "f"], who("by-old"), "a program that was replaced while it ran")
    equal([program, "true", "f", "f"], who("by-new"), "its successor")
    shown, _ = logged("by-old")
    if f"{program} (replaced)" not in shown:
        raise AssertionError(f"thule log does not say that it was replaced: {shown}")
    shown = subprocess.run([THULE, "log", "--exe", program], stdout=subprocess.PIPE, check=True).stdout.decode()
    equal(True, "/by-old" in shown and "/by-new" in shown, "both in thule log --exe")
    plan = subprocess.run([THULE, "undo", "--exe", program, "--dry-run", path()], stdout=subprocess.PIPE, check=True)
    equal(True, b"by-old" in plan.stdout and b"by-new" in plan.stdout, "both in thule undo --exe")
    used = sql(f"select inodes_created from thule.usage('exe', null, null) where name like '{program}%'")
    equal([["2"]], used, "usage of both")
    # A name that only looks as if.
    program = copy_of_shell("x (deleted)")
    run(program, "literal")
    equal([program, "true", "f", "f"], who("literal"), "a program whose name ends so")


def check_own():
    """A program of the mount itself: nobody waits for the daemon to look at it."""
    shutil.copy("/bin/sh", path("sh"))
    run(path("sh"), "own")
    exe, seen, deleted, incomplete = who("own")
    equal([path("sh"), "f", "f"], [exe, deleted, incomplete], "a program of the mount")
    if seen == "false":
        raise AssertionError("a program of the mount is not where it is")


def be_many():
    ready, go = os.pipe(), os.pipe()
    for n in range(PROCESSES):
        if os.fork() == 0:
            try:
                os.close(go[1])
                with open(path("many", str(n)), "wb") as f:
                    f.write(b"x")
                os.write(ready[1], b"x")
                os.read(go[0], 1)
                with open(path("many", str(n)), "ab") as f:
                    f.write(b"y")
            finally:
                os._exit(0)
    left = PROCESSES
    while left:
        left -= len(os.read(ready[0], left))
    os.close(go[1])
    for _ in range(PROCESSES):
        os.wait()


def check_descriptors():
    """More processes than the daemon may have descriptors."""
    subprocess.run(["bash", "-c", 'ulimit -n 256 && . "$0" && remount_fs', os.path.join(LIB, "mount.sh")], check=True)
    os.mkdir(path("many"))
    be_many()
    ops = "from thule.change where path like '/many/%'"
    equal([[str(2 * PROCESSES)]], sql(f"select count(*) {ops} and kind = 'write'"), "writes")
    equal([["0"]], sql(f"select count(*) {ops} and (exe = '' or cmdline = '' or chain = '')"), "ops without a name")
    equal([["0"]], sql(f"select count(*) {ops} and incomplete"), "ops of which something is missing")
    pid = sql("select pid from thule.mount where ended_at is null")[0][0]
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        limits = [line.split() for line in f if line.startswith("Max open files")][0]
    equal("256", limits[3], "the daemon's limit of descriptors")


def check_limit_raised():
    subprocess.run(["bash", "-c", 'ulimit -S -n 200 && . "$0" && remount_fs', os.path.join(LIB, "mount.sh")], check=True)
    pid = sql("select pid from thule.mount where ended_at is null")[0][0]
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        limits = [line.split() for line in f if line.startswith("Max open files")][0]
    equal(limits[4], limits[3], "the daemon's soft limit of descriptors, beside the hard one")


def main():
    check_honest()
    check_namespace()
    check_replaced()
    check_own()
    check_limit_raised()
    check_descriptors()


main()
