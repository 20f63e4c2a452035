"""Rounds of writers, in each of which the daemon, its keeper, a backend, the server or several of them are killed at a moment of chance."""

import collections
import os
import random
import signal
import subprocess
import time

from case import MNT, shell
from daemon import CASE_DIR, Daemon
from kept import kernel_sends_again
from other import eventually
from writers import UNKNOWN, Writer, differences, read_notes

WRITERS = 8
OLD_FILES = 300  # of earlier rounds that are read again after each
BACKENDS = "select pid from pg_stat_activity where application_name like 'thulefs%' and backend_type = 'client backend'"
ANSWER_SECONDS = 90


class Fsynced:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.daemon = Daemon("journal=8M")
        self.notes = os.path.join(CASE_DIR, "notes")
        os.mkdir(self.notes)
        self.kills = collections.Counter()
        self.checked = 0
        self.files = set()

    # What is killed.

    def kill_daemon(self):
        self.daemon.kill()

    def postmaster(self):
        with open(os.path.join(shell("private_data"), "postmaster.pid"), encoding="ascii") as f:
            return int(f.readline())

    def backend(self):
        """One of those that there are, soon after a daemon has died as well: those of the next one."""
        return int(self.random.choice(eventually("a backend", lambda: shell("sql", BACKENDS).split())))

    def kill_backend(self):
        """SIGKILL of one: the server ends all the others and recovers."""
        os.kill(self.backend(), signal.SIGKILL)

    def end_backend(self):
        """SIGTERM, as pg_terminate_backend() sends it."""
        os.kill(self.backend(), signal.SIGTERM)

    def kill_postmaster(self):
        """The daemon starts it again."""
        os.kill(self.postmaster(), signal.SIGKILL)

    def stop_server(self):
        """At once; whoever did that starts it again."""
        shell("private_pg_ctl", "stop", "-m", "immediate")
        time.sleep(self.random.random() * 0.5)
        shell("start_db")

    def kill_both(self):
        """The next mount starts the server."""
        self.daemon.kill()
        os.kill(self.postmaster(), signal.SIGKILL)

    def kill_kept(self):
        """Its keeper starts another."""
        self.daemon.kill_kept()

    def kill_kept_and_backend(self):
        """The server recovers while the successor comes up."""
        self.daemon.kill_kept()
        self.kill_backend()

    def kill_with_keeper(self):
        self.daemon.kill_with_keeper()

    KINDS = (kill_daemon, kill_backend, end_backend, kill_postmaster, stop_server, kill_both)
    KEPT = (kill_kept, kill_kept_and_backend, kill_with_keeper)  # of a mount with a keeper
    DEADLY = (kill_daemon, kill_both, kill_with_keeper)  # the mount dies

    def works_again(self):
        """An fsync returns: the daemon has its lease again."""
        process = subprocess.run(["timeout", str(ANSWER_SECONDS), "sync", MNT], check=False)
        if process.returncode:
            raise AssertionError(f"sync of the mount ended with {process.returncode}")

    def mount(self, kept):
        self.daemon.kept = kept
        if not self.daemon.mount():
            raise AssertionError("the next mount fails: see the daemon's log")

    def round(self, number, kind):
        dies = kind in self.DEADLY
        if self.daemon.kept != (kind in self.KEPT):
            self.daemon.unmount()
            self.mount(kind in self.KEPT)
        writers = [
            Writer(os.path.join(MNT, f"w{i}"), os.path.join(self.notes, f"{number}-{i}"), f"{self.args.seed}-{number}-{i}", dies)
            for i in range(WRITERS)
        ]
        time.sleep(0.1 + self.random.random() * 0.8)
        kind(self)
        self.kills[kind.__name__] += 1
        if not dies:
            self.works_again()
            time.sleep(self.random.random() * 0.3)
        failed = sum(1 for writer in writers if writer.join())
        if failed:
            raise AssertionError(f"{failed} writers failed, after {kind.__name__}")
        # What the kernel has cached is no proof: all is read from a new mount.
        if dies:
            self.daemon.bury()
        else:
            self.daemon.unmount()
        self.mount(self.daemon.kept)
        self.check(f"/{self.args.seed}-{number}-", f"round {number}, {kind.__name__}")

    def check(self, mark, when):
        """What this round has promised, and some of what was promised before; all without a mark."""
        expected = read_notes(self.notes)
        self.files.update(name for name, what in expected.items() if what != UNKNOWN)
        old = [name for name in expected if not mark or mark not in name]
        if mark:
            old = self.random.sample(old, min(OLD_FILES, len(old)))
        new = [name for name in expected if mark and mark in name]
        count, lines = differences(MNT, {name: expected[name] for name in (*old, *new)})
        self.checked += count
        if mark and not any(expected[name] != UNKNOWN for name in new):
            raise AssertionError(f"{when}: nobody has written a file, so nothing was tried")
        if lines:
            raise AssertionError("\n".join([f"{when}: {len(lines)} of {count} files are not as fsync promised", *lines[:10]]))

    def run(self):
        print(f"fsynced: seed {self.args.seed}", flush=True)
        began = time.monotonic()
        good = False
        try:
            self.mount(False)
            every = self.KINDS + (self.KEPT if kernel_sends_again() else ())
            kinds = []
            for number in range(self.args.rounds):
                kinds = kinds or self.random.sample(every, len(every))
                self.round(number, kinds.pop())
            self.check(None, "at the end")
            found = shell("sql", "select * from thule.fsck limit 5")
            if found:
                raise AssertionError(f"thule.fsck: {found}")
            self.daemon.unmount()
            good = self.checked > 0
        finally:
            seconds = time.monotonic() - began
            kills = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
            print(f"fsynced: {sum(self.kills.values())} kills ({kills}), {len(self.files)} files, {self.checked} comparisons,"
                  f" in {seconds:.0f} s; {'all as promised' if good else 'FAILED'}", flush=True)
        return good
