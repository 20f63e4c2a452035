#!/usr/bin/python3
# A command that is interrupted or killed leaves nothing behind in the server: its query is cancelled, or notices. An undo says
# whether it was taken back or is done.
# transport: uring
import os
import signal
import subprocess
import sys

from case import MNT, equal, path, read, shell, sql, write
from locked import Locked, waiting
from other import eventually
from stopped import go_on, stop
from terminal import Terminal

THULE = os.environ["THULE"]
TABLES = ("op", "inode", "inode_history", "dirent", "dirent_history", "extent", "superblock")

# Without the confirmation of an undo, which asks the server, too.
COMMANDS = (["log"], ["log", "/file", "--json"], ["diff", "op:17", "now"], ["fsck"], ["tar", "/"], ["cat", "/file"], ["blame", "/file"],
            ["prune", "--keep", "1d", "--dry-run"], ["undo", "--tag", "none", "--dry-run"], ["undo", "--tag", "none"],
            ["snapshot", "create", "s"], ["erase", "/file", "--yes"])


def database(query):
    return shell("sql", query)


def queries():
    """Of commands, in this database of the server."""
    return int(database("select count(*) from pg_stat_activity where application_name = 'thule' and state <> 'idle'"
                        " and datname = current_database()"))


def start(words, **named):
    # A shell without job control makes what runs in its background ignore some.
    default = "import os, signal, sys; signal.signal(2, signal.SIG_DFL); signal.signal(3, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return subprocess.Popen([sys.executable, "-c", default, THULE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, **named)


def interrupted(words, number):
    process = start(words)
    eventually(f"the query of {words}", lambda: queries() == 1)
    process.send_signal(number)
    out, said = process.communicate(timeout=120)
    equal(-number, process.returncode, f"how {words} ended after {number.name}; it said {out}{said}")
    eventually(f"the end of the query of {words} after {number.name}", lambda: queries() == 0)


def every_command():
    lock = Locked(*TABLES, mode="access exclusive")
    for words in COMMANDS:
        interrupted(words, signal.SIGINT)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL):
        interrupted(COMMANDS[0], number)
    lock.release()


def terminals():
    """Also behind a pager, which takes Ctrl-C for itself, and when the terminal goes."""
    lock = Locked(*TABLES, mode="access exclusive")
    terminal = Terminal(THULE, "log", environment={**os.environ, "THULE_PAGER": "cat"})
    eventually("a query", lambda: queries() == 1)
    terminal.type(b"\x03")
    equal(130, terminal.wait(), "exit status after Ctrl-C")
    eventually("the end of the query after Ctrl-C", lambda: queries() == 0)
    terminal = Terminal(THULE, "log", environment={**os.environ, "THULE_PAGER": "cat -u"})
    eventually("a query behind a pager", lambda: queries() == 1)
    terminal.type(b"\x03")
    equal(True, terminal.wait() != 0, "exit status after Ctrl-C behind a pager")
    eventually("the end of the query behind a pager", lambda: queries() == 0)
    terminal = Terminal(THULE, "log")
    eventually("a query", lambda: queries() == 1)
    os.close(terminal.fd)
    eventually("the end of the query after the terminal went", lambda: queries() == 0)
    os.waitpid(terminal.pid, 0)
    lock.release()


def nobody_reads():
    reader, writer = os.pipe()
    os.close(reader)
    process = start(["tar", MNT])
    process.communicate()
    equal(0, process.returncode, "exit status of tar")
    process = subprocess.Popen([THULE, "log"], stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    equal(True, process.wait(timeout=120) != 0, "exit status of a log that nobody reads")
    eventually("the end of a query that nobody reads", lambda: queries() == 0)


def waits_for_daemon(pid):
    with open(f"/proc/{pid}/wchan", encoding="ascii") as f:
        return f.read() == "request_wait_answer"


def daemon_that_is_stopped():
    """What waits for the mount cannot be answered, and ends all the same. By io_uring the daemon has the request already, stopped as it is, and the kernel
    lets nobody off who waits for that: there it ends when the daemon goes on."""
    daemon = int(shell("daemon_pid"))
    has_it = os.environ.get("THULE_TEST_TRANSPORT") == "uring"
    stop(daemon)
    try:
        for words in (["log", MNT], ["df"], ["usage", "exe"], ["snapshot", "create", "s"], ["sync", MNT], ["log", path("file")]):
            process = start(words)
            eventually(f"the waiting of {words}", lambda pid=process.pid: waits_for_daemon(pid))
            process.send_signal(signal.SIGINT)
            if has_it:
                go_on(daemon)
            process.communicate(timeout=120)
            equal(-signal.SIGINT, process.returncode, f"how {words} ended while the daemon is stopped")
            if has_it:
                stop(daemon)
    finally:
        go_on(daemon)


def undo_that_was_begun():
    """By the daemon: it goes on, and so does who asked, until it is done."""
    pid = subprocess.run(["sh", "-c", f"echo $$; echo bad >{path('file')}"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    sql("select 1")
    lock = Locked("extent", mode="exclusive")
    process = start(["undo", "--pid", pid, "--yes"])
    eventually("the request", lambda: database("select count(*) from thule.request where done_at is null") == "1")
    eventually("the daemon at it", waiting)
    process.send_signal(signal.SIGINT)
    line = process.stderr.readline()
    equal(True, "cannot be cancelled" in line, f"what it says: {line}")
    lock.release()
    out, said = process.communicate(timeout=120)
    equal(0, process.returncode, f"exit status of an undo that was begun; it said {out}{said}")
    equal(b"content", read("file"), "the file after it")


def undo_without_a_mount():
    """By the command itself, in one transaction: nothing has changed."""
    pid = subprocess.run(["sh", "-c", f"echo $$; echo bad >{path('file')}"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    shell("umount_fs")
    lock = Locked("extent", mode="exclusive")
    process = start(["undo", "--pid", pid, "--yes"])
    eventually("the command at it", waiting)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=120)
    equal(-signal.SIGINT, process.returncode, f"how it ended; it said {out}{said}")
    eventually("the end of its query", lambda: queries() == 0)
    lock.release()
    equal("0", database("select count(*) from thule.request where done_at is null"), "requests that are left")
    shell("mount_fs")
    equal(b"bad\n", read("file"), "the file after it")


def main():
    write("file", b"content")
    sql("select 1")
    every_command()
    terminals()
    nobody_reads()
    daemon_that_is_stopped()
    undo_that_was_begun()
    undo_without_a_mount()


main()
