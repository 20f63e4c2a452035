#!/usr/bin/python3
"""Undo takes back the ops that were chosen, no fewer and no more, also where several are of one open file and one batch.

Writers that keep their descriptors open change files at random: they write in and out of order, over each other, append, truncate, punch, zero,
copy and write through mappings. A model knows each op and what a file is without some of them. Undo of a range of ops, of one
writer or of all, must make a file what the model says, or tell a conflict and leave it as it is; undo of the undo must bring it back.
THULE_UNDO_SEED (0: any) and THULE_UNDO_ROUNDS choose the random numbers."""

import contextlib
import ctypes
import json
import mmap
import os
import random
import stat
import subprocess
import sys

from case import (FALLOC_KEEP_SIZE, FALLOC_PUNCH_HOLE, FALLOC_ZERO_RANGE, MNT, equal, fallocate, libc, path, sql)
from locked import Locked
from other import Other

THULE = os.environ["THULE"]
ROUNDS = int(os.environ.get("THULE_UNDO_ROUNDS", "2"))
SEED = int(os.environ.get("THULE_UNDO_SEED", "1")) or random.SystemRandom().randrange(1, 1 << 30)
SIZE = 400          # offsets are below that, so that ranges meet
STEPS = 24


def thule(*words, status=0):
    done = subprocess.run([THULE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    equal(status, done.returncode, f"exit status of {words}, which said {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def undo(*selectors):
    return json.loads(thule("undo", "--json", *selectors))


@contextlib.contextmanager
def one_batch():
    """All that is done meanwhile is committed in one batch: the one before it waits for a lock."""
    lock = Locked("op", mode="share")
    try:
        os.close(os.open(path("spark"), os.O_CREAT | os.O_WRONLY, 0o600))
        os.unlink(path("spark"))
        lock.waited_for()
        yield
    finally:
        lock.release()


def ops_of(name):
    """Ops of a file from the log, after its creation: op, kind, off, len, pid."""
    rows = sql(f"""select o.op, k.name, o.off, o.len, a.pid
        from thule.op o join thule.op_kind k on k.id = o.kind join thule.actor a on a.id = o.actor
        where o.ino = {os.stat(path(name)).st_ino} and k.name <> 'create' order by o.op""")
    return [(int(op), kind, *(int(n) if n else None for n in numbers)) for op, kind, *numbers in rows]


def mtime_of(name, op):
    """What a file's time was after an op of it."""
    ino = os.stat(path(name)).st_ino
    return int(sql(f"""select v.mtime_ns from (
        select op_from, mtime_ns from thule.inode where ino = {ino} union all
        select op_from, mtime_ns from thule.inode_history where ino = {ino}) v where v.op_from = {op}""")[0][0])


def read(name):
    with open(path(name), "rb") as f:
        return f.read()


def put(content, off, data):
    return content[:off].ljust(off, b"\0") + data + content[off + len(data):]


class Writer:
    """A process that keeps files open. Its functions run in that process."""

    fds = {}

    @classmethod
    def fd(cls, name, flags=0):
        key = name, flags
        if key not in cls.fds:
            cls.fds[key] = os.open(path(name), os.O_RDWR | os.O_CREAT | flags, 0o644)
        return cls.fds[key]

    @classmethod
    def write(cls, name, off, data):
        os.pwrite(cls.fd(name), data, off)

    @classmethod
    def append(cls, name, data):
        os.write(cls.fd(name, os.O_APPEND), data)

    @classmethod
    def truncate(cls, name, size):
        os.ftruncate(cls.fd(name), size)

    @classmethod
    def punch(cls, name, off, length):
        fallocate(cls.fd(name), FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE, off, length)

    @classmethod
    def zero(cls, name, off, length):
        fallocate(cls.fd(name), FALLOC_ZERO_RANGE, off, length)

    @classmethod
    def copy(cls, source, name, source_off, off, length):
        equal(length, os.copy_file_range(cls.fd(source), cls.fd(name), length, source_off, off), "bytes copied")

    @classmethod
    def store(cls, name, off, data):
        with mmap.mmap(cls.fd(name), 0) as view:
            view[off:off + len(data)] = data
        # Has the kernel write the page, and does not wait for a commit as msync(2) would.
        equal(0, libc.sync_file_range(cls.fd(name), ctypes.c_int64(0), ctypes.c_int64(0), 7), "sync_file_range")


class Change:
    """One op of the model: what it makes of a file's content."""

    def __init__(self, kind, off, data=b"", length=0):
        self.kind, self.off, self.data, self.length = kind, off, data, length
        self.op = self.pid = None

    def apply(self, content):
        if self.kind == "truncate":
            return content[:self.off].ljust(self.off, b"\0")
        if self.kind == "punch":
            end = min(self.off + self.length, len(content))
            return put(content, self.off, b"\0" * (end - self.off)) if self.off < end else content
        if self.kind == "zero":
            return put(content, self.off, b"\0" * self.length)
        return put(content, self.off, self.data) if self.data else content

    def __repr__(self):
        what = self.length if self.kind in ("punch", "zero") else len(self.data)
        return f"{self.op}: {self.kind} by {self.pid}: {self.off} {what}"


def replay(base, changes):
    for change in changes:
        base = change.apply(base)
    return base


class Round:
    """Some files, and what writers did to them."""

    def __init__(self, number, rng, writers):
        self.rng, self.writers, self.joined = rng, writers, number % 2
        self.source = f"source{number}"
        with open(path(self.source), "wb") as f:
            f.write(rng.randbytes(SIZE))
        self.names = [f"f{number}.{i}" for i in range(3)]
        self.base = {}
        for name in self.names:
            self.base[name] = rng.randbytes(rng.choice([0, 0, 60]))
            with open(path(name), "wb") as f:
                f.write(self.base[name])
        self.changes = {name: [] for name in self.names}
        self.mtime = {name: os.stat(path(name)).st_mtime_ns for name in self.names}
        self.before = {name: len(ops_of(name)) for name in self.names}

    def step(self):
        rng = self.rng
        name = rng.choice(self.names)
        now = replay(self.base[name], self.changes[name])
        # The last three wait until bytes are committed.
        kind = rng.choice("write write write append append append truncate store".split() + ([] if self.joined else ["punch", "zero", "copy"]))
        off, length = rng.randrange(SIZE), rng.randrange(1, 80)
        data = rng.randbytes(length)
        writer = rng.choice(self.writers)
        if kind == "append":
            off = len(now)
            writer.call(Writer.append, name, data)
        elif kind == "truncate":
            writer.call(Writer.truncate, name, off)
        elif kind in ("punch", "zero"):
            writer.call(getattr(Writer, kind), name, off, length)
        elif kind == "copy":
            at = rng.randrange(SIZE - length)
            data = self.read_source(at, length)
            writer.call(Writer.copy, self.source, name, at, off, length)
        elif kind == "store":
            if len(now) < 2:
                return
            off = rng.randrange(len(now) - 1)
            data = data[:len(now) - off]
            writer.call(Writer.store, name, off, data)
            # The kernel writes whole pages.
            off, data = 0, put(now, off, data)
        else:
            writer.call(Writer.write, name, off, data)
        self.changes[name].append(Change(kind, off, data, length))

    def read_source(self, off, length):
        return read(self.source)[off:off + length]

    def done(self):
        """Learns the ids of the ops."""
        for name in self.names:
            rows = ops_of(name)[self.before[name]:]
            equal([(c.off, None if c.kind == "truncate" else c.length if c.kind in ("punch", "zero") else len(c.data))
                   for c in self.changes[name]], [(off, length) for _, _, off, length, _ in rows], f"the log of {name} (seed {SEED})")
            for change, row in zip(self.changes[name], rows):
                # Of a mapping it is who opened the file, any of them, who writes.
                change.op, change.pid = row[0], row[-1]
            equal(replay(self.base[name], self.changes[name]), read(name), f"{name} (seed {SEED})")

    def choose(self):
        """Selectors of undo, and whether a change is meant by them."""
        ops = sorted(c.op for changes in self.changes.values() for c in changes)
        first, last = sorted(self.rng.sample(ops, 2))
        if self.rng.random() < 0.4:
            last = None
        pid = self.rng.choice([None, self.rng.choice(self.writers).pid])
        words = ["--since", f"op:{first}"]
        if last:
            words += ["--until", f"op:{last}"]
        if pid:
            words += ["--pid", str(pid)]
        return words, lambda c: first <= c.op and (not last or c.op <= last) and pid in (None, c.pid)

    def check(self, chosen, words, conflicts):
        """Each file is without the chosen ops, or in conflict and as it was."""
        count = 0
        for name in self.names:
            changes, now = self.changes[name], replay(self.base[name], self.changes[name])
            stay = replay(self.base[name], [c for c in changes if not chosen(c)])
            got = read(name)
            told = [c["detail"] for c in conflicts if c["path"] == "/" + name]
            what = f"{name} after undo {words} of {changes} (seed {SEED}), of which was told {told}"
            if all(chosen(c) for c in changes[next((i for i, c in enumerate(changes) if chosen(c)), 0):]):
                equal([], told, f"conflicts where nothing is later: {what}")
            if not told:
                equal(stay, got, what)
                last = max((c.op for c in changes if not chosen(c)), default=None)
                equal(self.mtime[name] if last is None else mtime_of(name, last), os.stat(path(name)).st_mtime_ns, f"mtime of {what}")
            elif all("written again" in t for t in told):
                # These bytes stay, all others go back.
                count += 1
                equal(len(stay), len(got), f"size of {what}")
                equal([], [i for i, b in enumerate(got) if b not in (stay[i], *now[i:i + 1])], f"bytes of neither, of {what}")
            else:
                count += 1
                equal(now, got, what)
        return count


def random_ranges(number, rng, writers):
    made = Round(number, rng, writers)
    with one_batch() if made.joined else contextlib.nullcontext():
        for _ in range(STEPS):
            made.step()
    made.done()
    files = [path(n) for n in made.names]
    state = {n: describe(n) for n in made.names}
    clean = 0
    for _ in range(5):
        words, chosen = made.choose()
        if not any(chosen(c) for n in made.names for c in made.changes[n]):
            continue
        result = undo(*words, MNT)
        clean += len(files) - made.check(chosen, words, result["conflicts"])
        equal([], sql("select * from thule.fsck"), f"fsck (seed {SEED})")
        if result["ops"]:
            # Back, now by the range of what was done for it.
            first, last = sql(f"select min(op), max(op) from thule.op where tag = '{result['tag']}'")[0]
            back = undo("--since", f"op:{first}", *rng.choice([[], ["--until", f"op:{last}"]]))
            equal([], back["conflicts"], f"conflicts of the undo of {words} (seed {SEED})")
        equal(state, {n: describe(n) for n in made.names}, f"after undo of undo {words} (seed {SEED})")
    return clean


def describe(name):
    st = os.stat(path(name))
    return read(name), st.st_size, stat.filemode(st.st_mode), st.st_mtime_ns


def eight_writes():
    """One program, one descriptor, one batch."""
    with one_batch():
        text = "import os, sys\nf = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY, 0o644)\n" \
            "for i in range(8): os.write(f, str(i).encode() * 10)"
        thule("run", "--tag", "eight", "--", sys.executable, "-c", text, path("f"))
    whole = b"".join(str(i).encode() * 10 for i in range(8))
    ops = [op for op, kind, *_ in ops_of("f") if kind == "write"]
    equal(8, len(ops), "writes")
    equal([["1"]], sql(f"select count(*) from thule.extent where ino = {os.stat(path('f')).st_ino}"), "extents")
    ranges = [(r["off"], r["len"], r["op"]) for r in json.loads(thule("blame", "--json", path("f")))["ranges"]]
    equal([(i * 10, 10, op) for i, op in enumerate(ops)], ranges, "who wrote what")

    for kept in (4, 7, 1, 0):
        result = undo("--since", f"op:{ops[kept]}", path("f"))
        equal([], result["conflicts"], f"conflicts with {kept} writes left")
        equal(whole[:kept * 10], read("f"), f"what {kept} writes have left")
        undo("--tag", result["tag"])
        equal(whole, read("f"), "all of it")

    mtime = os.stat(path("f")).st_mtime_ns
    told = undo("--tag", "eight", "--until", f"op:{ops[2]}")["conflicts"]
    equal([("remove", "/f")], [(c["action"], c["path"]) for c in told], "what later writes stand on")
    equal((whole, mtime), (read("f"), os.stat(path("f")).st_mtime_ns), "the file with later writes")
    told = undo("--since", f"op:{ops[0]}", "--until", f"op:{ops[2]}")["conflicts"]
    equal([("content", "/f")], [(c["action"], c["path"]) for c in told], "later writes past the first ones")
    equal((whole, mtime), (read("f"), os.stat(path("f")).st_mtime_ns), "the file with later writes")
    forced = undo("--since", f"op:{ops[3]}", "--until", f"op:{ops[5]}", "--force")
    equal(whole[:30], read("f"), "forced: what was before the first of them")
    undo("--tag", forced["tag"])
    equal(whole, read("f"), "all of it again")
    undo("--tag", "eight", "--until", f"op:{ops[2]}", "--force")
    equal(False, os.path.exists(path("f")), "whether it is there, by force")


def one_directory(a, b):
    """What two did in a directory in one batch: undo of one leaves the time and the link count that the other gave it."""
    os.mkdir(path("d"))
    made = os.stat(path("d")).st_mtime_ns
    with one_batch():
        a.call(os.mkdir, path("d", "a1"))
        b.call(os.mkdir, path("d", "b1"))
        first = os.stat(path("d")).st_mtime_ns
        a.call(os.mkdir, path("d", "a2"))
        b.call(os.mkdir, path("d", "b2"))
        middle = os.stat(path("d")).st_mtime_ns
        a.call(os.rename, path("d", "a1"), path("d", "a3"))
    pids = [str(a.pid), str(b.pid)]
    undone = undo("--pid", pids[0], path("d"))
    equal((middle, 4), seen_of("d"), "after undo of a")
    ops = [op for op, *_ in sql(f"select op from thule.op where parent = {os.stat(path('d')).st_ino} order by op limit 5")]
    undo("--tag", undone["tag"])
    undo("--since", f"op:{ops[2]}", path("d"))
    equal((first, 4), seen_of("d"), "after undo from the third op on")
    undo("--since", f"op:{ops[0]}", path("d"))
    equal((made, 2), seen_of("d"), "after undo of all of it")


def seen_of(name):
    st = os.stat(path(name))
    return st.st_mtime_ns, st.st_nlink


def without_a_trace(a, b):
    """What b sets to what it is anyway, a hole or a size, it has set: a's change before that is not undone without a word."""
    with open(path("holes"), "wb") as f:
        f.write(b"0123456789")
    a.call(Writer.punch, "holes", 4, 6)
    b.call(Writer.punch, "holes", 6, 2)
    told = undo("--pid", str(a.pid), path("holes"))["conflicts"]
    equal(["2 bytes at 6 were written again later"], [c["detail"] for c in told], "a hole over a hole")
    equal(b"012345\0\x0089", read("holes"), "the bytes around it")
    for name, change in (("cut", (Writer.truncate, 4)), ("zeroed", (Writer.zero, 2, 2)), ("punched", (Writer.write, 2, b"ab"))):
        with open(path(name), "wb") as f:
            f.write(b"01")
        a.call(Writer.append, name, b"23")
        b.call(change[0], name, *change[1:])
        if name == "punched":
            b.call(Writer.punch, name, 2, 2)
        now = read(name)
        told = undo("--pid", str(a.pid), path(name))["conflicts"]
        equal([("content", "/" + name)], [(c["action"], c["path"]) for c in told], f"the size that b, too, gave {name}")
        equal(now, read(name), f"{name}, as it was")


def cut_and_grown(a, b):
    """How long a file would be without a cut, when others have written since, is known only where they have written beyond its old end."""
    for name, kept in (("shorter", None), ("longer", 6000)):
        b.call(Writer.write, name, 4000, b"end")
        a.call(Writer.truncate, name, 5)
        cut = ops_of(name)[-1][0]
        b.call(Writer.write, name, 300, b"b" * 10)
        if name == "longer":
            b.call(Writer.write, name, 5990, b"b" * 10)
        a.call(Writer.write, name, 12000, b"a")
        now = read(name)
        told = undo("--pid", str(a.pid), "--since", f"op:{cut - 1}", path(name))["conflicts"]
        if kept:
            equal([], told, f"conflicts about {name}")
            equal(kept, len(read(name)), f"size of {name}")
        else:
            equal(["was cut off, and has grown again by what stays"], [c["detail"] for c in told], f"conflicts about {name}")
            equal(now, read(name), f"{name}, as it was")


def main():
    print("seed", SEED)
    eight_writes()
    rng = random.Random(SEED)
    writers = [Other() for _ in range(3)]
    one_directory(*writers[:2])
    without_a_trace(*writers[:2])
    cut_and_grown(*writers[:2])
    clean = sum(random_ranges(number, rng, writers) for number in range(ROUNDS))
    print("files without a conflict:", clean)
    equal(True, clean >= ROUNDS, "whether there were files without a conflict")
    for writer in writers:
        writer.end()


main()
