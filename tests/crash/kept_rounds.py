"""Sequences of operations of a mount with a keeper, whose daemon is killed at every point in turn, and then the next one: nobody notices."""

import os

from case import MNT
from rounds import Run, Wrong, known_points

NAMELESS = b"bytes of a file that is open and has no name"


class KeptRun(Run):
    NAME = "keeper"

    def __init__(self, args):
        super().__init__(args)
        self.points = known_points(kept=True)
        self.trees = {}  # of each directory in the end
        self.nameless = None  # a file that is open all the time

    def make_daemon(self):
        daemon = super().make_daemon()
        daemon.kept = True
        return daemon

    def begin(self):
        if self.nameless is None:
            self.nameless = os.open(os.path.join(MNT, "nameless"), os.O_CREAT | os.O_RDWR)
            os.write(self.nameless, NAMELESS)
            os.unlink(os.path.join(MNT, "nameless"))
        return super().begin()

    def arm(self, n, m):
        self.daemon.arm(n, m)

    def settle(self, m, acknowledged, flushed):
        """The keeper has started the next one, for which all operations have waited."""
        for counter, point in zip((self.kills, self.recovery_kills), self.died_at):
            counter[point] += 1
        if not flushed:
            raise Wrong(f"operation {acknowledged} failed, where it should have waited")
        # From the daemon, not from what the kernel remembers.
        os.posix_fadvise(self.nameless, 0, 0, os.POSIX_FADV_DONTNEED)
        if os.pread(self.nameless, 99, 0) != NAMELESS:
            raise Wrong("a file without a name, which is open, has lost its bytes")

    def logged(self, start):
        """Nobody waits for RELEASE. The next daemon may get it after the unlink of a file that was closed before, which ends by an op of its own then: once."""
        forgotten = set()
        ops = []
        for row in super().logged(start):
            if row["kind"] != "forget" or row["ino"] in forgotten:
                ops.append(row)
            else:
                forgotten.add(row["ino"])
        return ops

    def check(self, folder, start, reference, acknowledged):
        super().check(folder, start, reference, acknowledged)
        self.trees[folder] = reference.trees[-1]

    def finish(self):
        os.close(self.nameless)
        self.check_again(self.trees)
