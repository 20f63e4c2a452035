#!/usr/bin/python3
# Reads of a few KiB, one after another, which the daemon asks and answers on the thread that has the request: while their session is
# ended or refused, and while the server stands still or is started again, each gets its bytes or waits for them, and can be killed.
# db: private
# labels: long
import os
import random
import signal
import subprocess
import sys

from case import equal, path, remount, shell, write
from other import eventually
from stopped import StoppedServer

BLOCK, BLOCKS = 4096, 2048
DIRECT = "application_name = 'thulefs direct'"
READ = """import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECT)
sys.exit(os.pread(fd, 4096, 4096 * int(sys.argv[2])) != open(sys.argv[3], 'rb').read()[4096 * int(sys.argv[2]):][:4096])"""
rng = random.Random(21)


def ask(query):
    """Of another database: that of the filesystem may refuse sessions."""
    server = ["-h", os.path.join(os.environ["THULE_HOME"], "socket"), "-U", "thule"]
    done = subprocess.run(["psql", "-XAtq", *server, "-d", "postgres", "-c", query], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.strip()


def sessions():
    return int(ask(f"select count(*) from pg_stat_activity where {DIRECT}"))


class Reads:
    """Reads of blocks in no order, of which the kernel keeps nothing."""

    def __init__(self, data):
        self.data, self.fd = data, os.open(path("file"), os.O_RDONLY | os.O_DIRECT)

    def some(self, count=5):
        for _ in range(count):
            at = rng.randrange(BLOCKS) * BLOCK
            equal(True, os.pread(self.fd, BLOCK, at) == self.data[at:at + BLOCK], f"the bytes at {at}")

    def until_direct(self):
        def begun():
            self.some()
            return sessions() == 1

        eventually("a session of those who read", begun)

    def close(self):
        os.close(self.fd)


def ended(reads):
    """The session is ended between reads and in the middle of them."""
    for _ in range(3):
        reads.until_direct()
        equal("1", ask(f"select count(pg_terminate_backend(pid)) from pg_stat_activity where {DIRECT}"), "ended sessions")
        reads.some(20)
    reads.until_direct()


def refused(reads):
    """Sessions are refused: the reader's, which it has already, serves all, and nothing is tried without end."""
    database = shell("sql", "select current_database()")
    ask(f'alter database "{database}" allow_connections false')
    try:
        ask(f"select pg_terminate_backend(pid) from pg_stat_activity where {DIRECT}")
        eventually("the session ends", lambda: sessions() == 0)
        reads.some(50)
        equal(0, sessions(), "sessions while they are refused")
    finally:
        ask(f'alter database "{database}" allow_connections true')
    reads.until_direct()


def reader(copy, block):
    return subprocess.Popen([sys.executable, "-c", READ, path("file"), str(block), copy])


def standing_still(copy):
    """Who reads waits for the server, and is killed all the same."""
    with StoppedServer():
        killed, patient = reader(copy, 5), reader(copy, 900)
        for process in (killed, patient):
            try:
                process.wait(0.5)
                raise AssertionError("a read without a server has ended")
            except subprocess.TimeoutExpired:
                pass
        killed.kill()
        equal(-signal.SIGKILL, killed.wait(30), "how the killed reader ended")
    equal(0, patient.wait(60), "the reader that waited")


def main():
    copy = os.path.join(os.environ["CASE_DIR"], "copy")
    data = rng.randbytes(BLOCK * BLOCKS)
    write("file", data)
    with open(copy, "wb") as f:
        f.write(data)
    remount()
    reads = Reads(data)
    ended(reads)
    refused(reads)
    standing_still(copy)
    reads.until_direct()
    reads.close()
    waiting = [reader(copy, block) for block in (3, 700, 1500)]
    shell("restart_db")
    equal([0, 0, 0], [r.wait(90) for r in waiting], "readers during a restart")


main()
