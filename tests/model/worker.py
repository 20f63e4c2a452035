"""A process with ids, a umask, a current directory and open files of its own, that makes the calls it is told.

It is root underneath (its saved user id), so that it can observe what the calls do also where it has no permission; its
calls are made with its own ids and no capability. While it works on a sequence, the sequence's directory is its root
directory: absolute paths and `..` stay inside."""

import gc
import marshal
import os
import stat as st
import struct
import sys

from calls import CALLS, shown
from errno import EBADF
from tree import snapshot

SLOTS = 6


class Identity:
    def __init__(self, name, uid, gid, groups, umask):
        self.name = name
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.umask = umask


IDENTITIES = (
    Identity("root", 0, 0, [], 0o022),
    Identity("ann", 4001, 5001, [5002], 0o002),
    Identity("bob", 4002, 5002, [5001, 5003], 0o027),
    Identity("eve", 4003, 5003, [], 0),
)


class Files:
    """The table of open files."""

    def __init__(self):
        self.slots = [-1] * SLOTS

    def fd(self, slot):
        if self.slots[slot] < 0:
            raise OSError(EBADF, "nothing is open there")
        return self.slots[slot]

    def drop(self, slot):
        fd, self.slots[slot] = self.slots[slot], -1
        if fd >= 0:
            os.close(fd)

    def put(self, slot, fd):
        self.drop(slot)
        self.slots[slot] = fd

    def close_all(self):
        for slot in range(SLOTS):
            self.drop(slot)


def parent(path):
    head = os.path.split(path.rstrip("/"))[0]
    return head or ("/" if path.startswith("/") else ".")


class Observer:
    """What a call does to what it names: attributes after it, and which times it changed."""

    def __init__(self, files):
        self.files = files

    def look(self, kinds, arguments):
        """(ino, attributes) of everything that the call names, or None where nothing is."""
        seen = []
        for kind, argument in zip(kinds, arguments):
            if kind == "slot":
                fd = self.files.slots[argument]
                seen.append(os.fstat(fd) if fd >= 0 else None)
            elif kind == "path":
                self.look_path(argument, seen)
        return seen

    def look_path(self, argument, seen):
        folder = None
        path = argument
        if not isinstance(argument, str):
            folder, path = self.files.slots[argument[0]], argument[1]
            if folder < 0:
                return
        for name, follow in ((path, False), (path, True), (parent(path), True)):
            try:
                seen.append(os.stat(name, dir_fd=folder, follow_symlinks=follow))
            except (OSError, ValueError):
                seen.append(None)

    @staticmethod
    def compare(before, after):
        times = {a.st_ino: (a.st_mtime_ns, a.st_ctime_ns) for a in before if a}
        result = []
        for a in after:
            if a is None:
                result.append(None)
                continue
            old = times.get(a.st_ino)
            changed = (a.st_mtime_ns != old[0], a.st_ctime_ns != old[1]) if old else None
            result.append((*shown(a), changed))
        return tuple(result)


class Worker:
    def __init__(self, identity, top):
        self.uid = identity.uid
        self.umask = identity.umask
        self.top = os.open(top, os.O_PATH | os.O_DIRECTORY)
        self.files = Files()
        self.observer = Observer(self.files)
        self.observing = False
        os.setgroups(identity.groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, 0)

    def as_root(self, function, *arguments):
        if self.uid:
            os.seteuid(0)
        try:
            return function(*arguments)
        finally:
            if self.uid:
                os.seteuid(self.uid)

    def begin(self, name, observing):
        os.fchdir(self.top)
        os.chroot(name)
        os.chdir("/")
        os.umask(self.umask)
        self.observing = observing

    def end(self):
        self.files.close_all()
        os.fchdir(self.top)
        os.chroot(".")

    def attempt(self, call, arguments):
        try:
            return call.function(self.files, *arguments)
        except OSError as e:
            return ("errno", e.errno)
        except (ValueError, OverflowError) as e:
            return ("refused by Python", str(e))

    def one(self, op):
        call = CALLS[op[0]]
        arguments = op[1:]
        if not self.observing:
            return (self.attempt(call, arguments), ())
        before = self.as_root(self.observer.look, call.kinds, arguments)
        result = self.attempt(call, arguments)
        after = self.as_root(self.observer.look, call.kinds, arguments)
        return (result, Observer.compare(before, after))

    def answer(self, request):
        what, *arguments = request
        if what == "calls":
            return [self.one(op) for op in arguments[0]]
        if what == "begin":
            return self.as_root(self.begin, *arguments)
        if what == "end":
            return self.as_root(self.end)
        return self.as_root(snapshot, "/")


def send(fd, message):
    packed = marshal.dumps(message)
    packed = struct.pack("I", len(packed)) + packed
    while packed:
        packed = packed[os.write(fd, packed) :]


def receive(fd):
    """The next message; EOFError when the other end is gone."""
    wanted, got = 4, b""
    while len(got) < wanted:
        part = os.read(fd, max(65536, wanted - len(got)) if wanted > 4 else 4 - len(got))
        if not part:
            raise EOFError
        got += part
        if len(got) == 4 and wanted == 4:
            wanted = 4 + struct.unpack("I", got)[0]
    return marshal.loads(got[4:])


def serve(identity, top, requests, replies):
    """The life of a worker; never returns."""
    status = 1
    try:
        gc.freeze()
        worker = Worker(identity, top)
        while (request := receive(requests)) != ("quit",):
            send(replies, worker.answer(request))
        status = 0
    except (EOFError, BrokenPipeError):
        pass
    except BaseException:  # pylint: disable=broad-except
        # Modules cannot be loaded behind chroot, so this may say little.
        sys.excepthook(*sys.exc_info())
    os._exit(status)
