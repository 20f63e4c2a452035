"""The daemon of the case, killed at the n-th fault point that it passes (fs/base/fault.h)."""

import ctypes
import mmap
import os
import signal
import struct
import subprocess
import time

from case import MNT, libc
from kept import daemon_of
from other import eventually

CASE_DIR = os.environ["CASE_DIR"]
LOG = os.path.join(CASE_DIR, "daemon.log")
COUNT = struct.Struct("IIIII32s32s")  # struct fault_count
MNT_DETACH = 2
MOUNT_SECONDS = 120


def has_faults():
    with open(os.environ["THULEFS"], "rb") as f:
        return b"THULE_FAULT_COUNT" in f.read()


class Daemon:
    """Mounted in the foreground by this process, which so knows at once when it dies."""

    def __init__(self, options="", source=None):
        self.source = source or os.environ["THULE_SOURCE"]
        name = os.path.join(CASE_DIR, "count")
        with open(name, "wb") as f:
            f.write(bytes(COUNT.size))
        with open(name, "r+b") as f:
            self.count = mmap.mmap(f.fileno(), COUNT.size)
        self.environment = {**os.environ, "THULE_FAULT_COUNT": name}
        transport = os.environ.get("THULE_TEST_TRANSPORT", "dev")
        self.options = ",".join(filter(None, [options, f"transport={transport}"]))
        self.kept = False  # the next mount has a keeper, which is self.process then
        self.process = None

    def arm(self, n, m=0):
        """It dies at the n-th point from now, and with a keeper its successor at the m-th; 0: at none."""
        self.count[:] = COUNT.pack(n, m, self.kept, 0, 0, b"", b"")

    def died_at(self):
        """The points at which it died, and its successor, since it was armed."""
        *_, deaths, first, second = COUNT.unpack(self.count[:])
        return [name.split(b"\0")[0].decode() for name in (first, second)[:deaths]]

    def passed(self):
        return COUNT.unpack(self.count[:])[3]

    def mount(self):
        """Whether it came as far as to be mounted."""
        with open(LOG, "ab") as log:
            before = log.tell()
            options = f"{self.options},keeper,transport=dev" if self.kept else self.options
            self.process = subprocess.Popen(
                [os.environ["THULEFS"], self.source, MNT, "-f", "-o", options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd="/", start_new_session=True)
        with open(os.path.join(CASE_DIR, "daemon.pid"), "w", encoding="ascii") as f:
            print(self.process.pid, file=f)
        end = time.monotonic() + MOUNT_SECONDS
        said = f"{MNT} mounted: ".encode()
        with open(LOG, "rb") as log:
            while self.process.poll() is None:
                log.seek(before)
                if said in log.read():
                    return True
                if time.monotonic() > end:
                    raise AssertionError(f"not mounted within {MOUNT_SECONDS} s")
                time.sleep(0.002)
        return False

    def kill(self):
        self.process.kill()

    def kill_kept(self):
        """The daemon alone, which its keeper starts again."""
        os.kill(eventually("a daemon of the keeper", lambda: daemon_of(self.process.pid)), signal.SIGKILL)

    def kill_with_keeper(self):
        """The keeper first: it would start another."""
        pid = eventually("a daemon of the keeper", lambda: daemon_of(self.process.pid))
        self.process.kill()
        os.kill(pid, signal.SIGKILL)

    def bury(self):
        """Waits for its end by SIGKILL, and removes the dead mount."""
        status = self.process.wait(60)
        if status != -signal.SIGKILL:
            raise AssertionError(f"the daemon ended by itself, with {status}")
        while libc.umount2(os.fsencode(MNT), MNT_DETACH) == 0:
            pass
        ctypes.set_errno(0)

    def unmount(self):
        subprocess.run(["fusermount3", "-u", MNT], check=True)
        status = self.process.wait(120)
        if status:
            raise AssertionError(f"the daemon ended with {status} after umount")
        os.unlink(os.path.join(CASE_DIR, "daemon.pid"))
