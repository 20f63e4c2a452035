"""The private server of a case, standing still."""

import os
import signal

from case import shell


class Stopped:
    """Its processes stand still as long as this is entered."""

    def __enter__(self):
        with open(os.path.join(shell("private_data"), "postmaster.pid"), encoding="ascii") as f:
            postmaster = int(f.readline())
        self.pids = [postmaster]
        os.kill(postmaster, signal.SIGSTOP)  # or it starts others
        with open(f"/proc/{postmaster}/task/{postmaster}/children", encoding="ascii") as f:
            self.pids += [int(pid) for pid in f.read().split()]
        for pid in self.pids[1:]:
            os.kill(pid, signal.SIGSTOP)
        return self

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)
