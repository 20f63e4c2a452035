"""Another process that does what it is told, for cases about several of them."""

import errno
import fcntl
import multiprocessing
import os
import signal
import struct
import time
import traceback

import case

F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38
FLOCK = struct.Struct("hhqqi4x")


def eventually(what, condition):
    """The value of the condition once it is true."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within a minute: {what}")


def interrupted(*_):
    raise InterruptedError(errno.EINTR, "interrupted")


class Other:
    """A child; call() runs a function of the case in it and returns or raises what that does."""

    def __init__(self):
        self.pipe, theirs = multiprocessing.Pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self.pipe.close()
            try:
                self.serve(theirs)
            except EOFError:
                pass
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
            finally:
                os._exit(1)
        theirs.close()

    @staticmethod
    def serve(pipe):
        signal.signal(signal.SIGUSR1, interrupted)
        while True:
            request = pipe.recv()
            if request is None:
                os._exit(0)
            function, arguments = request
            try:
                answer = (True, function(*arguments))
            except OSError as e:
                answer = (False, e.errno)
            pipe.send(answer)

    def start(self, function, *arguments):
        self.pipe.send((function, arguments))

    def finish(self):
        if not self.pipe.poll(60):
            raise AssertionError("the other process did not come back within a minute")
        good, answer = self.pipe.recv()
        if not good:
            raise OSError(answer, os.strerror(answer))
        return answer

    def call(self, function, *arguments):
        self.start(function, *arguments)
        return self.finish()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pipe.close()

    def interrupt(self):
        os.kill(self.pid, signal.SIGUSR1)

    def end(self):
        self.pipe.send(None)
        os.waitpid(self.pid, 0)


def open_file(name, flags=os.O_RDWR):
    return os.open(case.path(name), flags)


def lock(fd, command, kind, start=0, length=0):
    """fcntl(2) with a struct flock; returns (type, start, length, pid) as they are afterwards."""
    request = FLOCK.pack(kind, os.SEEK_SET, start, length, 0)
    kind, _, start, length, pid = FLOCK.unpack(fcntl.fcntl(fd, command, request))
    return kind, start, length, pid


def locks_of(ino, waiting):
    """Lines of /proc/locks about an inode of the mount; those of all filesystems of the machine are there."""
    device = os.stat(case.MNT).st_dev
    place = f" {os.major(device):02x}:{os.minor(device):02x}:{ino} "
    with open("/proc/locks", encoding="ascii") as f:
        return [line for line in f if place in line and ("->" in line) == waiting]


CLUSTER = "locks=cluster" in os.environ.get("THULE_TEST_OPTIONS", "").split(",")


def waits(ino):
    """Returns once somebody waits for a lock on the inode."""
    if CLUSTER:
        query = f"select count(*) from thule.file_lock where ino = {ino} and waiting"
        eventually("somebody waits for a lock", lambda: case.shell("sql", query) != "0")
    else:
        eventually("somebody waits for a lock", lambda: locks_of(ino, True))
