#!/usr/bin/python3
# `thule watch`: a burst is one run, which knows the paths; what the command changes does not have it run again, also where no tags are
# recorded; what changes meanwhile does; Ctrl-C, and a kill of the watcher, end both.
# labels: long
import os
import signal
import subprocess
import time

from case import MNT, equal, path, remount, sql, write
from terminal import Terminal

THULE = os.environ["THULE"]
OUT = os.path.join(os.environ["CASE_DIR"], "runs")
# A line for each run, with the paths without the mount.
TELL = 'echo "$THULE_CHANGED_COUNT $THULE_CHANGED_SINCE" $THULE_CHANGED >>"$OUT"'
ENVIRONMENT = {**os.environ, "OUT": OUT}


def runs():
    try:
        with open(OUT, encoding="utf-8") as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come to be; runs: {str(runs())[-500:]}")
        time.sleep(0.02)


class Watcher:
    """Watches until the end of the block, with the runs of this one alone in OUT."""

    def __init__(self, *words, where="watched", mnt=MNT):
        if os.path.exists(OUT):
            os.unlink(OUT)
        self.process = subprocess.Popen([THULE, "watch", os.path.join(mnt, where), *words], env=ENVIRONMENT)

    def __enter__(self):
        # It follows once it listens; what is done before that would be no news to it.
        until(lambda: int(sql("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'thule'"
                              " and query like '-- thule log --follow: the next %' and state = 'idle'")[0][0]) > 0, "a watcher")
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()


def told(line):
    count, since, *paths = line.split(" ")
    return int(count), since.startswith("op:"), sorted(paths)


def told_so_far():
    return {name for line in runs() for name in told(line)[2]}


def check_burst():
    """Every path is told, by far fewer runs than there are changes; what is beside the watched directory is not."""
    with Watcher("--", "sh", "-c", TELL):
        names = [f"{n}" for n in range(200)]
        for name in names:
            write(f"watched/{name}", b"x")
        write("beside", b"x")
        os.rename(path("beside"), path("watched", "in"))
        paths = {path("watched", name) for name in (*names, "in")}
        until(lambda: told_so_far() >= paths, "a run for each path")
        equal(paths, told_so_far(), "the paths that runs were told")
        equal(True, len(runs()) < 100, f"few runs for 400 changes: {len(runs())}")
        equal(len(told(runs()[0])[2]), told(runs()[0])[0], "the number of paths")
        before = len(runs())
        write("beside", b"y")
        os.unlink(path("watched", "in"))
        until(lambda: len(runs()) > before, "another run")
        equal((1, True, [path("watched", "in")]), told(runs()[before]), "what it was told")


def check_own():
    """What the command and its children change has it run no more."""
    with Watcher("--", "sh", "-c", f"{TELL}; date >watched/own; (date >watched/child)") as watcher:
        for n in (1, 2, 3):
            write("watched/other", b"%d" % n)
            until(lambda n=n: len(runs()) == n, f"run {n}")
            # Its own changes are committed and told before the next foreign one.
            until(lambda: os.path.exists(path("watched", "child")), "its own file")
        equal(None, watcher.process.poll(), "the watcher")
    equal([[path("watched", "other")]] * 3, [told(line)[2] for line in runs()], "runs")


def check_untagged():
    """Where changes have no tags, those that are made while the command runs count for its own."""
    writes = 0
    with Watcher("--", "sh", "-c", f"{TELL}; date >watched/own"):
        for n in (1, 2, 3):
            while len(runs()) < n:
                writes += 1
                write("watched/other", b"%d" % writes)
                end = time.monotonic() + 1
                while len(runs()) < n and time.monotonic() < end:
                    time.sleep(0.02)
                if writes > 60:
                    raise AssertionError(f"run {n} did not come to be: {runs()}")
        # What it had itself do would have more runs follow each other.
        write("last", b"x")
        sql("select 1")
    equal(True, len(runs()) <= writes, f"{len(runs())} runs of {writes} changes")


def check_meanwhile():
    """What changes while the command runs has it run again, once."""
    gate = os.path.join(os.environ["CASE_DIR"], "gate")
    with Watcher("--", "sh", "-c", f"{TELL}; while [ ! -e {gate} ]; do sleep 0.02; done"):
        write("watched/a", b"1")
        until(lambda: len(runs()) == 1, "a run")
        write("watched/b", b"1")
        write("watched/c", b"1")
        sql("select 1")
        open(gate, "w").close()
        until(lambda: len(runs()) == 2, "a run of what came meanwhile")
        # Both were committed while the command ran.
        equal([path("watched", "b"), path("watched", "c")], told(runs()[1])[2], "what it was told")
    os.unlink(gate)


def watch(*words):
    done = subprocess.run([THULE, "watch", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                          env=ENVIRONMENT, timeout=120, cwd=MNT)
    return done.returncode, done.stderr


def check_ends():
    equal((7, ""), watch("watched", "--now", "--once", "--", "sh", "-c", "exit 7"), "one run, and its status")
    equal((143, ""), watch("--once", "--now", "watched", "--", "sh", "-c", "kill $$"), "a run that was killed")
    for words, part in ((["watched", "--now", "no-such-program"], "cannot run no-such-program"), (["nothing", "true"], "No such file"),
                        (["/etc", "true"], "no mount"), (["watched"], "missing"), (["watched", "--twice", "--", "true"], "unknown option")):
        status, said = watch(*words)
        equal((True, True), (status in (1, 2), part in said), f"thule watch {words}, which said {said!r}")
    pid_file = os.path.join(os.environ["CASE_DIR"], "pid")
    for end in (b"\x03", signal.SIGTERM, signal.SIGKILL):
        terminal = Terminal(THULE, "watch", path("watched"), "--now", "--", "sh", "-c", f"echo $$ >{pid_file}; echo begun; sleep 100 & wait",
                            environment=ENVIRONMENT)
        terminal.read(b"begun")
        with open(pid_file, encoding="utf-8") as f:
            command = int(f.read())
        if isinstance(end, bytes):
            terminal.type(end)
        else:
            os.kill(terminal.pid, end)
        until(lambda c=command: not os.path.exists(f"/proc/{c}"), f"the end of the command after {end!r}")
        _, status = os.waitpid(terminal.pid, 0)
        equal(2 if isinstance(end, bytes) else int(end), os.WTERMSIG(status), "what ended the watcher")
        os.close(terminal.fd)


def check_bind():
    """By another mount of a part, paths are those of that mount; names with newlines are a line each."""
    bound = os.path.join(os.environ["CASE_DIR"], "bound")
    os.mkdir(bound)
    subprocess.run(["mount", "--bind", path("watched"), bound], check=True)
    try:
        with Watcher("--", "sh", "-c", 'printf "%s\\n" "$THULE_CHANGED" >>"$OUT"', where="", mnt=bound):
            write("watched/new\nline \\é", b"x")
            until(lambda: len(runs()) == 1, "a run")
            equal([f"{bound}/new\\x0aline \\é"], runs(), "paths")
    finally:
        subprocess.run(["umount", bound], check=True)


def main():
    os.mkdir(path("watched"))
    check_burst()
    os.chdir(MNT)
    check_own()
    check_meanwhile()
    check_ends()
    if os.geteuid() == 0:
        check_bind()
    os.chdir("/")
    os.environ["THULE_TEST_OPTIONS"] = "actor=off"
    remount()
    os.chdir(MNT)
    check_untagged()
    os.chdir("/")


main()
