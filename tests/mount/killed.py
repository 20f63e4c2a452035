#!/usr/bin/python3
# What a process waits for ends with the process, also while the database stands still: kill -9 and Ctrl-C end who reads, writes, looks up,
# syncs, lists the past; a signal that a program handles changes nothing of what it waits for.
# db: private
# transport: uring
import os
import signal
import subprocess
import sys
import time

from case import MNT, equal, need_root, path, remount, shell, sql
from other import eventually
from stopped import StoppedServer

# What each does, with what it is to find: nothing of it is in the daemon's memory or in the kernel's.
DO = {
    "reader": "open('d/read', 'rb').read() == b'read\\n' or sys.exit(3)",
    "writer": "open('d/write', 'r+b').write(b'X')",
    "lookup": "os.stat('e/name')",
    "listing": "len(os.listdir('f')) == 1 or sys.exit(3)",
    "past listing": "len(os.listdir('.thule/at/first/d')) == 2 or sys.exit(3)",
    "past reader": "open('.thule/at/first/d/read', 'rb').read() == b'read\\n' or sys.exit(3)",
    "creator": "open('g/new', 'xb')",
    # Of a directory the kernel locks it meanwhile, and nothing ends who waits for that.
    "fsync": "fd = os.open('sync', os.O_RDWR); os.write(fd, b'X'); os.fsync(fd)",
    "rename": "os.rename('h/a', 'h/b')",
}
# Answers from what was last known.
DF = "st = os.statvfs('.'); st.f_blocks > st.f_bfree > 0 or sys.exit(3)"
# Already to go into the mount waits. A shell's background ignores SIGINT.
BEGIN = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.chdir({MNT!r})
"""
ALARM = """
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
%s
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def start(program):
    return subprocess.Popen([sys.executable, "-c", BEGIN + program], cwd="/", start_new_session=True)


def waits(process):
    """It sleeps in a request of the mount."""
    def seen():
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode} instead of waiting")
        with open(f"/proc/{process.pid}/stack", encoding="ascii") as f:
            stack = f.read()
        # In a request, for a page that is being read, or for who looks up the same name.
        return any(word in stack for word in ("fuse", "folio", "lookup", "walk_component"))
    eventually(f"a request that waits, {process.args[2]}", seen)


def prepare():
    for name in "defghk":
        os.mkdir(path(name))
    for name in ("d/read", "d/write", "e/name", "f/one", "h/a"):
        with open(path(name), "w", encoding="ascii") as f:
            f.write(os.path.basename(name) + "\n")
    subprocess.run([os.environ["THULE"], "snapshot", "create", "first"], cwd=MNT, check=True)


def begin_anew():
    """With nothing in memory but the root and a file, so that what a process waits for is its own."""
    remount()
    with open(path("sync"), "wb"):
        pass


def ends(number):
    """All wait, all are sent the signal, all end while the server still stands still."""
    begin_anew()
    with StoppedServer():
        processes = {name: start(what) for name, what in DO.items()}
        for process in processes.values():
            waits(process)
        equal(0, start(DF).wait(timeout=120), "df while the server stands still")
        for process in processes.values():
            process.send_signal(number)
        for name, process in processes.items():
            equal(-number, process.wait(timeout=120), f"how the {name} ended after {number.name}")
        again = start(DO["lookup"])
        waits(again)
    equal(0, again.wait(timeout=120), "one that was not killed, once the server goes on")
    equal(["write\n", "a", "False"], [open(path("d/write"), encoding="ascii").read(), *os.listdir(path("h")), str(os.path.exists(path("g/new")))],
          f"what was changed by processes that {number.name} ended while they waited")


def handled():
    """A timer that a program has set does not show in what it asks of files."""
    begin_anew()
    with StoppedServer():
        # The kernel tells of the first signal alone. (It lets nobody go who waits for a directory that another request has locked.)
        late = start(ALARM % "os.stat('k/none')")
        waits(late)
        time.sleep(0.1)  # five signals, of which one would be enough
        late.kill()
        equal(-signal.SIGKILL, late.wait(timeout=120), "how one ended that had handled a signal before")
        processes = {name: start(ALARM % what) for name, what in DO.items()}
        for process in processes.values():
            waits(process)
    for name, process in processes.items():
        equal(0, process.wait(timeout=120), f"how the {name} ended that handled signals")
    equal("X", open(path("d/write"), encoding="ascii").read()[0], "what was written")


def main():
    need_root()
    prepare()
    ends(signal.SIGKILL)
    ends(signal.SIGINT)
    handled()
    equal([], sql("select * from thule.fsck"), "findings of fsck")
    equal([["1", "1"]], sql("select count(*) filter (where name = 'new'), count(*) filter (where new_name = 'b') from thule.op"),
          "creations and renames in the log")


main()
