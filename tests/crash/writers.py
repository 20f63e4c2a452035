"""Processes that write, and note what a file is to be outside of the mount once an fsync has promised it."""

import contextlib
import errno
import hashlib
import os
import random
import select
import sys
import traceback

import ops

SIZES = (1, 100, 4000, 30_000, 200_000)
UNKNOWN, GONE = "unknown", "gone"


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Writer:
    """A child, which makes, overwrites, renames and removes files of its own folder until it is told to stop or its daemon dies. Its notes
    are lines `NAME DIGEST` of a file outside, the last one about a name counts: unknown while it is being changed."""

    def __init__(self, folder, notes, seed, may_die):
        self.folder = folder
        self.random = random.Random(seed)
        self.known = {}
        self.number = 0
        self.may_die = may_die
        self.seed = seed
        stop, self.stopping = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(stop)
            return
        os.close(self.stopping)
        status = 1
        try:
            self.notes = os.open(notes, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            os.makedirs(folder, exist_ok=True)
            while not select.select([stop], [], [], 0)[0]:
                self.step()
            status = 0
        except OSError as e:
            status = 0 if may_die and e.errno in ops.DEAD else self.failed()
        except BaseException:  # the child must end here, whatever happens
            self.failed()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def failed(self):
        traceback.print_exc()
        return 1

    def join(self):
        """Its exit status."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.stopping, b".")
        os.close(self.stopping)
        return os.waitpid(self.pid, 0)[1]

    def note(self, name, what):
        self.known[name] = what
        os.write(self.notes, f"{os.path.basename(self.folder)}/{name} {what}\n".encode())

    def path(self, name):
        return os.path.join(self.folder, name)

    def sync_folder(self):
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def write(self, name):
        data = self.random.randbytes(self.random.choice(SIZES))
        self.note(name, UNKNOWN)
        fd = os.open(self.path(name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            half = len(data) // 2
            for part in (data[:half], data[half:]):
                while part:
                    part = part[os.write(fd, part) :]
            os.fsync(fd)
        finally:
            os.close(fd)
        self.note(name, digest(data))

    def step(self):
        whole = [name for name, what in self.known.items() if what not in (UNKNOWN, GONE)]
        what = self.random.random()
        if what < 0.6 or not whole:
            self.number += 1
            # Seeds differ, and so do names of rounds.
            self.write(f"{self.seed}-{self.number}")
        elif what < 0.8:
            self.write(self.random.choice(whole))
        elif what < 0.9:
            old = self.random.choice(whole)
            new, content = f"{old}r", self.known[old]
            self.note(old, UNKNOWN)
            self.note(new, UNKNOWN)
            os.rename(self.path(old), self.path(new))
            self.sync_folder()
            self.note(old, GONE)
            self.note(new, content)
        else:
            name = self.random.choice(whole)
            self.note(name, UNKNOWN)
            os.unlink(self.path(name))
            self.sync_folder()
            self.note(name, GONE)


def read_notes(notes):
    """What each file is to be, of all who wrote."""
    found = {}
    for name in os.listdir(notes):
        with open(os.path.join(notes, name), encoding="ascii") as f:
            for line in f:
                # The last line of one that was cut off is of no file.
                if line.endswith("\n"):
                    path, what = line.split()
                    found[path] = what
    return found


def differences(top, expected):
    """(how many were looked at, lines about those that are not as they were promised)."""
    lines, count = [], 0
    for name, what in expected.items():
        if what == UNKNOWN:
            continue
        count += 1
        try:
            with open(os.path.join(top, name), "rb") as f:
                is_ = digest(f.read())
        except OSError as e:
            is_ = GONE if e.errno == errno.ENOENT else e.strerror
        if is_ != what:
            lines.append(f"{name}: {is_}, and was promised to be {what}")
    return count, lines
