#!/usr/bin/python3
# Signals to `thule run --atomic`: whoever gets them, and however many, what the command did is undone when it returns, in one
# message and with the exit status of that signal.
# timeout: 240
import os
import signal
import subprocess
import sys

from case import MNT, equal, path, shell, sql
from other import eventually
from terminal import Terminal

THULE = os.environ["THULE"]
RUN = [THULE, "run", "--tag", "t", "--atomic", "--"]
# A shell goes on after a SIGINT that the program it waits for has survived, as one that just ends does: so no program is run
# before the one that stays.
SCRIPT = f"echo A >{path('x')}; : >{path('ready')}; sleep 60"
CONTROL_C, CONTROL_BACKSLASH = b"\x03", b"\x1c"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def ready():
    eventually("what the command does first", lambda: os.path.exists(path("ready")))


def start(script=SCRIPT):
    # A shell without job control makes what runs in its background ignore some.
    default = "import os, signal, sys; signal.signal(2, signal.SIG_DFL); signal.signal(3, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", default, *RUN, "sh", "-c", script], stderr=subprocess.PIPE,
                               start_new_session=True)
    ready()
    return process


def undone(said, what):
    """At once, and said once."""
    equal([], os.listdir(MNT), f"files after {what}, which said {said}")
    lines = [line for line in said.splitlines() if "thule: " in line]
    equal(1, len(lines), f"messages of {what}: {said}")
    equal(1, lines[0].count("undone"), f"{what} said {said}")


def finish(process, status, what):
    said = process.communicate(timeout=60)[1].decode()
    equal(status, process.returncode, f"exit status after {what}, which said {said}")
    undone(said, what)


def sent():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        for whom in ("run", "keeper", "command", "group"):
            # The shell of a script may die before what it waits for.
            process = start(SCRIPT.replace("; sleep", "; exec sleep"))
            keeper = children(process.pid)[0]
            if whom == "group":
                os.killpg(process.pid, number)
            else:
                os.kill({"run": process.pid, "keeper": keeper, "command": children(keeper)[0]}[whom], number)
            finish(process, 128 + number, f"{number.name} to {whom}")


def typed():
    for key, status in ((CONTROL_C, 130), (CONTROL_BACKSLASH, 131)) * 3:
        terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
        ready()
        terminal.type(key)
        equal(status, terminal.wait(), f"exit status after {key}; it said {terminal.said}")
        undone(terminal.said.decode(), f"{key} on a terminal")
    # The terminal itself goes.
    terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
    ready()
    os.close(terminal.fd)
    eventually("the undo after a terminal was closed", lambda: not os.listdir(MNT))
    os.waitpid(terminal.pid, 0)


class Locked:
    """A table that nobody can write to, so that what needs it takes its time."""

    def __init__(self, table):
        self.psql = subprocess.Popen(["psql", "-XAtq", "-d", os.environ["THULE_SOURCE"]], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.psql.stdin.write(f"begin; lock table {table} in share row exclusive mode; select 'locked';\n")
        self.psql.stdin.flush()
        equal("locked\n", self.psql.stdout.readline(), "lock")

    def waited_for(self):
        query = ("select 1 from pg_locks l join pg_database d on d.oid = l.database"
                 " where not l.granted and d.datname = current_database() limit 1")
        eventually("somebody who waits for the lock", lambda: shell("sql", query))

    def release(self):
        self.psql.communicate("commit;\n")


def during_the_undo():
    lock = Locked("thule.request")
    terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
    ready()
    keeper = children(terminal.pid)[0]
    terminal.type(CONTROL_C)
    lock.waited_for()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT) * 2:
        os.kill(terminal.pid, number)
        os.kill(keeper, number)
        os.killpg(terminal.pid, number)
    terminal.type(CONTROL_C * 3)
    lock.release()
    equal(130, terminal.wait(), f"exit status after signals during the undo; it said {terminal.said}")
    undone(terminal.said.decode(), "signals during the undo")


def before_it_starts():
    lock = Locked("thule.run")
    terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
    lock.waited_for()
    terminal.type(CONTROL_C)
    # The terminal has taken it, and the keeper has it, once its queue of signals says so.
    keeper = children(terminal.pid)[0]
    eventually("a signal that waits for the keeper", lambda: int(field(keeper, "ShdPnd"), 16) & 2)
    lock.release()
    equal(130, terminal.wait(), f"exit status after a signal before the command; it said {terminal.said}")
    equal([], os.listdir(MNT), "files of a command that was not to run")


def field(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return next(line.split()[1] for line in f if line.startswith(name + ":"))


def gone(what):
    """The daemon tells the kernel after it has committed."""
    eventually(f"an end of the run after {what}", lambda: sql("select count(*) from thule.run where ended_at is null") == [["0"]])
    eventually(f"the undo after {what}", lambda: not os.listdir(MNT))


def killed():
    """SIGKILL, which nobody can catch, under a live mount."""
    leaves = f"(trap '' TERM; while :; do echo more >>{path('x')}; sleep 0.05; done) & {SCRIPT}"
    process = start(leaves)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    finish(process, 137, "SIGKILL of the keeper")
    process = start(leaves)
    process.kill()
    process.wait()
    gone("SIGKILL of thule run")
    process = start(SCRIPT.replace("; sleep", "; exec sleep"))
    keeper = children(process.pid)[0]
    command = children(keeper)[0]
    process.send_signal(signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    process.kill()
    process.wait()
    gone("SIGKILL of both")
    eventually("the end of the command", lambda: not os.path.exists(f"/proc/{command}") or field(command, "State") in "ZX")
    process = start()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gone("SIGKILL of the group")
    process.stderr.close()


def caught():
    """A command that a signal does not end is none that failed."""
    terminal = Terminal(*RUN, "sh", "-c", f"trap 'exit 0' INT; >{path('ready')}; while :; do sleep 0.05; done")
    ready()
    terminal.type(CONTROL_C)
    equal(0, terminal.wait(), f"exit status of a command that caught the signal; it said {terminal.said}")
    equal(["ready"], os.listdir(MNT), "files of a command that succeeded")
    os.unlink(path("ready"))


def main():
    sent()
    typed()
    during_the_undo()
    before_it_starts()
    killed()
    caught()
    equal([["0"]], sql("select count(*) from thule.run where ended_at is null"), "runs without an end")


main()
