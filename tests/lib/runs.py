"""Runs of `thule run --atomic`, for cases about their end."""

import os
import signal
import subprocess
import sys

from case import MNT, path, shell, sql
from other import eventually

THULE = os.environ["THULE"]
RUN = [THULE, "run", "--tag", "t", "--atomic", "--"]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return next(line.split()[1] for line in f if line.startswith(name + ":"))


def ready():
    eventually("what the command does first", lambda: os.path.exists(path("ready")))


def start(script, wrapper=()):
    """Returns once the script has made `ready`. It leads a group of its own, in which all of the run is."""
    # A shell without job control makes what runs in its background ignore some.
    default = "import os, signal, sys; signal.signal(2, signal.SIG_DFL); signal.signal(3, signal.SIG_DFL); os.execvp(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", default, *wrapper, *RUN, "sh", "-c", script], stderr=subprocess.PIPE,
                               start_new_session=True)
    ready()
    return process


def kill_all(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


def gone(what):
    """The daemon tells the kernel after it has committed."""
    eventually(f"an end of the run after {what}", lambda: sql("select count(*) from thule.run where ended_at is null") == [["0"]])
    eventually(f"the undo after {what}", lambda: not os.listdir(MNT))
