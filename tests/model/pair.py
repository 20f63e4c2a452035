"""Two filesystems side by side: the same workers on both, the same operations, and what differs."""

import os
import select
import shutil
import signal
import stat
import time

from calls import CALLS, inode_flags, set_inode_flags
from excuses import excused, excused_absence, excused_mode, excused_time, failed
from tree import differences
from worker import IDENTITIES, receive, send, serve

NO_CHANGES = 0x30  # FS_IMMUTABLE_FL, FS_APPEND_FL
PATIENCE = 120  # seconds for one batch; a busy machine is slow, but not that slow
BATCH = 24
TREE_EVERY = 80  # operations, where each is not observed


class Hang(Exception):
    pass


class Excused(Exception):
    """From here on the two need not be the same."""


class Difference:
    """At which operation (None: after all), what kind, and what was seen on both sides."""

    def __init__(self, index, kind, what, lines):
        self.index = index
        self.kind = kind
        self.signature = (kind, what)
        self.lines = lines


class Process:
    """A worker seen from outside."""

    def __init__(self, identity, top):
        request_read, self.requests = os.pipe()
        self.replies, reply_write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self.requests)
            os.close(self.replies)
            serve(identity, top, request_read, reply_write)
        os.close(request_read)
        os.close(reply_write)

    def ask(self, *request):
        send(self.requests, request)

    def answer(self):
        if not select.select([self.replies], [], [], PATIENCE)[0]:
            raise Hang(f"no answer within {PATIENCE} s from process {self.pid}")
        return receive(self.replies)

    def end(self):
        # Workers started later have copies of this pipe, so that closing it is not enough.
        try:
            send(self.requests, ("quit",))
        except BrokenPipeError:
            pass
        os.close(self.requests)
        os.close(self.replies)

    def reap(self):
        """Waits for its end, and ends one that hangs."""
        for _ in range(500):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)


class Side:
    keeps = True  # what sequences made is there until clear()
    sql = False

    def __init__(self, name, top, identities=IDENTITIES):
        self.name = name
        self.top = top
        self.identities = identities
        self.workers = []

    def start(self):
        self.workers = [Process(identity, self.top) for identity in self.identities]

    def stop(self):
        for worker in self.workers:
            worker.end()
        for worker in self.workers:
            worker.reap()
        self.workers = []

    @staticmethod
    def fit(sequence):
        """What of it this side can do, which is what is done."""
        return sequence

    @staticmethod
    def seen_by(_):
        """Lines that say how a tree was seen, where there are several ways."""
        return []

    def make(self, name, mode):
        path = os.path.join(self.top, name)
        os.mkdir(path)
        os.chmod(path, mode)

    def clear(self):
        """Removes the directories of sequences."""
        empty(self.top)


def empty(top):
    with os.scandir(top) as listing:
        for entry in list(listing):
            remove = shutil.rmtree if entry.is_dir(follow_symlinks=False) else os.unlink
            try:
                remove(entry.path)
            except PermissionError:
                allow_changes(top)
                remove(entry.path)


def allow_changes(top):
    """Nothing below stays immutable or append-only."""
    for folder, _, names in os.walk(top):
        for name in (folder, *(os.path.join(folder, n) for n in names)):
            if not stat.S_ISREG(os.lstat(name).st_mode) and not stat.S_ISDIR(os.lstat(name).st_mode):
                continue
            fd = os.open(name, os.O_RDONLY)
            if inode_flags(fd) & NO_CHANGES:
                set_inode_flags(fd, inode_flags(fd) & ~NO_CHANGES)
            os.close(fd)


def batches(sequence):
    """(index, worker, calls): neighbours by the same worker."""
    start = 0
    ops = sequence.ops
    while start < len(ops):
        end = start + 1
        while end < len(ops) and ops[end][0] == ops[start][0] and end - start < BATCH:
            end += 1
        yield start, ops[start][0], [op[1:] for op in ops[start:end]]
        start = end


class Pair:
    def __init__(self, ours, reference, fine_times=True):
        self.sides = (ours, reference)
        self.fine_times = fine_times
        self.calls = 0
        self.made = 0

    def start(self):
        for side in self.sides:
            side.start()

    def stop(self):
        for side in self.sides:
            side.stop()

    def both(self, worker, *request):
        for side in self.sides:
            side.workers[worker].ask(*request)
        return [side.workers[worker].answer() for side in self.sides]

    def all(self, *request):
        for worker in range(len(self.sides[1].workers)):
            self.both(worker, *request)

    def new_name(self):
        self.made += 1
        return f"{self.made}-{int(time.time() * 1000) % 1000000000}"

    def play(self, sequence, name=None):
        """Runs a sequence in a fresh directory; the first difference, or None."""
        name = name or self.new_name()
        for side in self.sides:
            side.make(name, sequence.mode)
        self.all("begin", name, sequence.observing)
        try:
            difference = self.compare(sequence) or self.compare_trees(None)
        except Excused:
            difference = None
        # Not after a worker died or hangs: it would not answer.
        self.all("end")
        return difference

    def compare(self, sequence):
        looked = 0
        for start, worker, calls in batches(sequence):
            self.calls += len(calls)
            ours, reference = self.both(worker, "calls", calls)
            if ours != reference:
                for i, (call, o, r) in enumerate(zip(calls, ours, reference)):
                    difference = self.compare_call(sequence, start + i, call, o, r)
                    if difference:
                        return difference
            if not sequence.observing and start - looked >= TREE_EVERY:
                looked = start
                difference = self.compare_trees(start + len(calls) - 1)
                if difference:
                    return difference
        return None

    def compare_trees(self, index):
        """As root sees them, by each way that there is."""
        for worker in range(0, len(self.sides[1].workers), len(IDENTITIES)):
            difference = self.compare_tree(index, worker)
            if difference:
                return difference
        return None

    def compare_tree(self, index, worker):
        ours, reference = self.both(worker, "tree")
        if ours == reference:
            return None
        lines = differences(ours, reference)
        for path, row in set(reference) - set(ours):
            if excused_mode(dict(ours).get(path, row)[1], row[1]):
                raise Excused
        what = lines[0].split(": ")[-1].split(" ")[0] if lines else None
        return Difference(index, "tree", what, [*self.sides[0].seen_by(worker), *lines]) if lines else None

    def compare_call(self, sequence, index, call, ours, reference):
        if ours[0] != reference[0]:
            if excused(call, ours[0], reference[0], sequence, self.sides[0].sql):
                raise Excused
            what = (call[0], *(r if failed(r) else "done" for r in (reference[0], ours[0])))
            return Difference(index, "result", what, [f"ours: {text(ours[0])}", f"reference: {text(reference[0])}"])
        for i, (o, r) in enumerate(zip(ours[1], reference[1])):
            if excused_absence(o, r, sequence, self.sides[0].sql):
                raise Excused
            lines = self.compare_effect(call, o, r)
            if lines:
                whose = seen_names(call)[i]
                what = (call[0], lines[0].split(" ")[0])
                return Difference(index, "effect", what, [f"after it, of {whose}: {line}" for line in lines])
        return None

    def compare_effect(self, call, ours, reference):
        if ours == reference:
            return []
        if ours is None or reference is None:
            return [f"existence: ours {ours}, reference {reference}"]
        lines = []
        for name, o, r in zip(EFFECTS, ours, reference):
            if o != r:
                if name == "mode":
                    if excused_mode(o, r):
                        raise Excused
                    o, r = oct(o), oct(r)
                lines.append(f"{name} is {o!r}, in the reference {r!r}")
        lines += self.compare_changed(call, ours[-1], reference[-1])
        return lines

    def compare_changed(self, call, ours, reference):
        lines = []
        if ours is None or reference is None:
            return ["inode is another one than before in one of them"] if ours != reference else []
        for name, o, r in zip(("mtime", "ctime"), ours, reference):
            # Coarse clocks may miss a change.
            if o != r and (r or self.fine_times) and not excused_time(call, name, o):
                lines.append(f"{name} {'changed' if o else 'did not change'}, in the reference it did{'' if r else ' not'}")
        return lines


EFFECTS = ("mode", "uid", "gid", "nlink", "size", "rdev", "atime", "mtime")


def seen_names(call):
    """What a worker's observer looks at, in its order."""
    names = []
    for kind, argument in zip(CALLS[call[0]].kinds, call[1:]):
        if kind == "slot":
            names.append(f"fd {argument}")
        elif kind == "path":
            names += [repr(argument), f"what {argument!r} leads to", f"the directory of {argument!r}"]
    return names


def text(result):
    if isinstance(result, tuple) and len(result) == 2 and result[0] == "errno":
        return os.strerror(result[1]) + f" ({result[1]})"
    return repr(result)
