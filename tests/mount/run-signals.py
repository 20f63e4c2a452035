#!/usr/bin/python3
# Signals to `thule run --atomic`: whoever gets them, and however many, what the command did is undone when it returns, in one
# message and with the exit status of that signal.
import os
import signal

from case import MNT, equal, path, sql
from locked import Locked
from other import eventually
from runs import RUN, children, field, gone, kill_all, ready, start
from stopped import stop
from terminal import Terminal

# A shell goes on after a SIGINT that the program it waits for has survived, as one that just ends does: so no program is run
# before the one that stays.
SCRIPT = f"echo A >{path('x')}; : >{path('ready')}; sleep 60"
CONTROL_C, CONTROL_BACKSLASH = b"\x03", b"\x1c"


def undone(said, what):
    """At once, and said once."""
    equal([], os.listdir(MNT), f"files after {what}, which said {said}")
    lines = [line for line in said.splitlines() if "thule: " in line]
    equal(1, len(lines), f"messages of {what}: {said}")
    equal(1, lines[0].count("undone"), f"{what} said {said}")


def finish(process, status, what):
    said = process.communicate(timeout=120)[1].decode()
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


def sleeping(terminal):
    """SCRIPT has come to its program: a shell goes on, too, when the signal comes between its fork and the exec."""
    ready()

    def seen():
        shell = children(children(terminal.pid)[0])[0]
        return any(field(pid, "Name") == "sleep" for pid in children(shell))
    eventually("the program of the script", seen)


def typed():
    for key, status in ((CONTROL_C, 130), (CONTROL_BACKSLASH, 131)) * 3:
        terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
        sleeping(terminal)
        terminal.type(key)
        equal(status, terminal.wait(), f"exit status after {key}; it said {terminal.said}")
        undone(terminal.said.decode(), f"{key} on a terminal")
    # The terminal itself goes.
    terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
    ready()
    os.close(terminal.fd)
    eventually("the undo after a terminal was closed", lambda: not os.listdir(MNT))
    os.waitpid(terminal.pid, 0)


def during_the_undo():
    lock = Locked("request")
    terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
    sleeping(terminal)
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
    lock = Locked("run")
    terminal = Terminal(*RUN, "sh", "-c", SCRIPT)
    lock.waited_for()
    terminal.type(CONTROL_C)
    # The terminal has taken it, and the keeper has it, once its queue of signals says so.
    keeper = children(terminal.pid)[0]
    eventually("a signal that waits for the keeper", lambda: int(field(keeper, "ShdPnd"), 16) & 2)
    lock.release()
    equal(130, terminal.wait(), f"exit status after a signal before the command; it said {terminal.said}")
    equal([], os.listdir(MNT), "files of a command that was not to run")


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
    stop(process.pid)
    os.kill(keeper, signal.SIGKILL)
    process.kill()
    process.wait()
    gone("SIGKILL of both")
    eventually("the end of the command", lambda: not os.path.exists(f"/proc/{command}") or field(command, "State") in "ZX")
    process = start(SCRIPT)
    kill_all(process)
    gone("SIGKILL of the group")


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
