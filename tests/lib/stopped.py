"""Processes that stand still."""

import os
import signal

from case import shell
from other import eventually


def stands_still(pid):
    """Whether no thread of it runs, nor will."""
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="ascii") as f:
                if f.read().rpartition(")")[2].split()[0] not in "TtZX":
                    return False
    except (FileNotFoundError, ProcessLookupError):  # a thread has just ended
        return False
    return True


def stop(*pids):
    """They stand still when this returns: of a process that was sent the signal, one thread stops the others when it gets a CPU, and they run until then."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        eventually(f"{pid} stands still", lambda pid=pid: stands_still(pid))


def go_on(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


class Stopped:
    """Processes that stand still as long as this is entered."""

    def __init__(self, *pids):
        self.pids = list(pids)

    def __enter__(self):
        stop(*self.pids)
        return self

    def __exit__(self, *_):
        # The server that goes on forgets children that have ended, so it comes after them.
        go_on(*reversed(self.pids))


class StoppedServer(Stopped):
    """All of the private server of a case."""

    def __enter__(self):
        with open(os.path.join(shell("private_data"), "postmaster.pid"), encoding="ascii") as f:
            postmaster = int(f.readline())
        stop(postmaster)  # or it starts others
        with open(f"/proc/{postmaster}/task/{postmaster}/children", encoding="ascii") as f:
            children = [int(pid) for pid in f.read().split()]
        stop(*children)
        self.pids = [postmaster, *children]
        return self
