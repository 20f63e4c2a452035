"""Runs of `thule run --atomic` and what holds them up, for cases about their end."""

import os
import signal
import subprocess
import sys

from case import MNT, equal, path, shell, sql
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


class Locked:
    """A table that others cannot write to, or not read, so that what needs it takes its time."""

    def __init__(self, table, mode="share row exclusive"):
        self.table = table
        self.psql = subprocess.Popen(["psql", "-XAtq", "-d", os.environ["THULE_SOURCE"]], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.psql.stdin.write(f"begin; lock table {table} in {mode} mode; select 'locked';\n")
        self.psql.stdin.flush()
        equal("locked\n", self.psql.stdout.readline(), "lock")

    def waited_for(self):
        """Returns the backend that waits."""
        query = f"select pid from pg_locks where relation = '{self.table}'::regclass and not granted limit 1"
        return eventually("somebody who waits for the lock", lambda: shell("sql", query))

    def release(self):
        self.psql.communicate("commit;\n")
