"""Sequences of operations, the daemon killed at every point in turn, and what is there afterwards."""

import collections
import itertools
import json
import os
import random
import re
import shutil
import time

import ops
from case import MNT
from daemon import CASE_DIR, Daemon
from server import Server
from tree import COLUMNS, snapshot

HERE = os.path.dirname(os.path.realpath(__file__))
LONG = 40  # operations in a random sequence
SOME = 4  # points of a sequence that is not killed at each of them
FSCK_EVERY = 40  # kills
# In the recovery of one kill in three the daemon is killed as well, at one of so many points.
RECOVERIES = 14
COMPARED = [i for i, name in enumerate(COLUMNS) if name not in ("atime", "mtime", "same_inode_as")]
LOG_SINCE = "select o.op, o.ino, k.name as kind from thule.op o join thule.op_kind k on k.id = o.kind where o.op > {} order by o.op"
END_SESSION = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name like 'thulefs drain%' and datname = current_database()"


class Wrong(Exception):
    """What is there is not what was promised."""


def known_points(kept=False):
    """Of fs/base/fault.c, without those that are not counted: of the readers, and but with a keeper of what leads to the next daemon."""
    with open(os.path.join(HERE, "../../fs/base/fault.c"), encoding="ascii") as f:
        names = re.findall(r'\[FAULT_\w+\] = "(\w+\.\w+)"', f.read())
    return list(itertools.takewhile(lambda name: not name.startswith("reader." if kept else "kept."), names))


def look(top):
    """The tree, without times, by relative path."""
    links = COLUMNS.index("same_inode_as")
    return {os.path.relpath(path, top): (*(row[i] for i in COMPARED), os.path.relpath(row[links], top)) for path, row in snapshot(top)}


class Reference:
    """What a sequence makes of a directory of the host's, after each operation."""

    def __init__(self, sequence):
        top = os.path.join(CASE_DIR, "reference")
        os.mkdir(top)
        for op in ops.BASE:
            ops.do(top, op)
        self.trees, self.results = [look(top)], []
        for op in sequence:
            self.results.append(ops.do(top, op))
            self.trees.append(look(top))
        shutil.rmtree(top)

    def kinds(self, done):
        return [kind for _, kinds in self.results[:done] for kind in kinds]


class Run:
    NAME = "crash"

    def __init__(self, args):
        self.args = args
        self.server = Server()
        self.daemon = self.make_daemon()
        self.number = 0
        self.sequences = 0
        self.kills = collections.Counter()  # by point
        self.recovery_kills = collections.Counter()
        self.in_flight = 0
        self.died_at = []  # the points of the last sequence
        self.points = known_points()
        self.end = time.monotonic() + args.seconds

    def make_daemon(self):
        return Daemon("noatime")

    # One sequence, killed at the n-th point.

    def begin(self):
        """A directory of its own, with what every one has; returns it and the last op."""
        self.number += 1
        folder = os.path.join(MNT, str(self.number))
        os.mkdir(folder)
        for op in ops.BASE:
            ops.do(folder, op)
        ops.do(MNT, ops.SYNC)
        return folder, self.server.rows("select max(op) as op from thule.op")[0]["op"]

    def work(self, folder, sequence, reference):
        """How many operations were acknowledged, and whether all was flushed in the end; the daemon may die."""
        for i, op in enumerate(sequence):
            if op == ops.LOSE:
                self.server.rows(END_SESSION)
            try:
                result = ops.do(folder, op)
            except OSError:
                return i, False
            if result != reference.results[i]:
                raise Wrong(f"operation {i}, {op}, gave {result}, and on the host {reference.results[i]}")
        try:
            ops.do(MNT, ops.SYNC)
        except OSError:
            return len(sequence), False
        return len(sequence), True

    def recover(self, m):
        """The next mount, which dies at its m-th point; then one that does not."""
        self.daemon.bury()
        self.daemon.arm(m)
        mounted = self.daemon.mount()
        if died_at := self.daemon.died_at():
            self.recovery_kills[died_at[0]] += 1
            self.daemon.bury()
            self.daemon.arm(0)
            mounted = self.daemon.mount()
        self.daemon.arm(0)
        if not mounted:
            raise Wrong("the next mount fails: see the daemon's log")

    def logged(self, start):
        """The ops since then, in order."""
        return self.server.rows(LOG_SINCE.format(start))

    def check(self, folder, start, reference, acknowledged):
        """It is as after what was acknowledged, or after the operation that was on its way as well."""
        ops.do(MNT, ops.SYNC)
        tree = look(folder)
        log = self.logged(start)
        kinds = [row["kind"] for row in log]
        likely = range(acknowledged, min(acknowledged + 1, len(reference.results)) + 1)
        for done in likely:
            if tree == reference.trees[done] and kinds == reference.kinds(done):
                self.in_flight += done > acknowledged
                return
        lines = [f"{acknowledged} operations were acknowledged", f"the log has {kinds}, expected {reference.kinds(acknowledged)}"]
        for path in sorted(set(tree) | set(reference.trees[acknowledged])):
            is_, was = tree.get(path), reference.trees[acknowledged].get(path)
            if is_ != was:
                lines.append(f"{path}: is {is_}, expected {was}")
        raise Wrong("\n".join(lines))

    def arm(self, n, _m):
        self.daemon.arm(n)

    def settle(self, m, acknowledged, flushed):
        """After a sequence: the filesystem is mounted again if the daemon has died."""
        if self.died_at:
            self.kills[self.died_at[0]] += 1
            self.recover(m)
        elif not flushed:
            raise Wrong(f"operation {acknowledged} failed as if the daemon had died")

    def play(self, sequence, reference, n, m):
        """Whether it was killed."""
        folder, start = self.begin()
        self.arm(n, m)
        acknowledged, flushed = self.work(folder, sequence, reference)
        self.died_at = self.daemon.died_at()
        if not self.died_at:
            self.passed = self.daemon.passed()
        self.settle(m, acknowledged, flushed)
        self.daemon.arm(0)
        self.check(folder, start, reference, acknowledged)
        if self.died_at and not sum(self.kills.values()) % FSCK_EVERY:
            self.fsck()
        return bool(self.died_at)

    def fsck(self):
        found = self.server.rows("select * from thule.fsck limit 5")
        if found:
            raise Wrong(f"thule.fsck: {found}")
        twice = self.server.rows("select op from thule.op group by op having count(*) > 1 limit 5")
        if twice:
            raise Wrong(f"ops that are in the log twice: {twice}")

    def check_again(self, trees):
        """What the kernel remembers is no proof: a new mount has only what is in the database."""
        self.daemon.unmount()
        if not self.daemon.mount():
            raise Wrong("it does not mount again")
        for folder, tree in trees.items():
            if look(folder) != tree:
                raise Wrong(f"{os.path.relpath(folder, MNT)} is another after a remount")

    def finish(self):
        """What is looked at when all were played."""

    # All of them.

    def small(self):
        """All sequences of one and two operations, with and without an fsync after each, and of one beside the loss of the drain's session."""
        for length in (1, 2):
            for sequence in itertools.product(ops.SMALL, repeat=length):
                yield list(sequence)
                yield [op for one in sequence for op in (one, ops.SYNC)]
        for one in ops.SMALL:
            yield [ops.LOSE, one]
            yield [one, ops.LOSE]

    def part(self, sequences):
        """What is asked for of them, which follow each other."""
        k, n = self.args.part or (1, 1)
        return sequences[len(sequences) * (k - 1) // n : len(sequences) * k // n]

    def sequences_to_play(self):
        """(sequence, and the point to die at; None: each in turn, "some": some of them)."""
        if self.args.replay:
            given = json.loads(self.args.replay)
            yield given["ops"], given["n"]
            return
        rng = random.Random(self.args.seed)
        small = self.part(list(self.small()))
        if not self.args.all:
            rng.shuffle(small)
        for i, sequence in enumerate(small):
            yield sequence, None if self.args.all else "some"
            if i % 4 == 0:
                yield ops.Generator(rng.randrange(1 << 40)).sequence(LONG), "some"
        while not self.args.all:
            yield ops.Generator(rng.randrange(1 << 40)).sequence(LONG), "some"

    def numbers(self, n):
        """The points to die at: all, one, or some of a long sequence."""
        if n is None:
            return itertools.count(1)
        if n != "some":
            return [n]
        # The others are among the points that the first, which is killed at none, has passed.
        return itertools.chain([0], (random.Random(f"{self.number} {i}").randrange(1, self.passed + 1) for i in range(SOME)))

    def each(self, sequence, n):
        reference = Reference(sequence)
        self.sequences += 1
        for at in self.numbers(n):
            kills = sum(self.kills.values())
            m = kills // 3 % RECOVERIES + 1 if kills % 3 == 0 else 0
            try:
                if not self.play(sequence, reference, at, m) and n is None:
                    return
            except (Wrong, OSError) as e:
                print(f"{self.NAME}: wrong after a kill at point {at} ({self.died_at}), and at point {m} of the recovery (0: none):\n{e}")
                print("To run it again: tests/crash/run", self.args.what, "--replay", repr(json.dumps({"ops": sequence, "n": at})), flush=True)
                raise
            if self.over():
                return

    def over(self):
        return not self.args.all and not self.args.replay and time.monotonic() > self.end

    def run(self):
        print(f"{self.NAME}: seed {self.args.seed}", flush=True)
        began = time.monotonic()
        try:
            if not self.daemon.mount():
                raise Wrong("it does not mount")
            for sequence, n in self.sequences_to_play():
                if self.over():
                    break
                self.each(sequence, n)
            self.fsck()
            self.finish()
            self.daemon.unmount()
        except Wrong as e:
            print(f"{self.NAME}: {e}")
            return False
        finally:
            self.server.end()
            self.tell(time.monotonic() - began)
        return self.enough()

    def tell(self, seconds):
        kills, recoveries = sum(self.kills.values()), sum(self.recovery_kills.values())
        print(f"{self.NAME}: {self.sequences} sequences, {kills} kills and {recoveries} in recoveries in {seconds:.0f} s; {self.in_flight} times the"
              " operation on its way was there as well")
        for name in self.points:
            print(f"{self.NAME}: {name:17} {self.kills[name]:6} kills {self.recovery_kills[name]:6} in recoveries", flush=True)

    def enough(self):
        """Nothing was tried is no success; neither is it when the whole has left out a point."""
        missed = [name for name in self.points if not self.kills[name] + self.recovery_kills[name]]
        if self.args.all and not self.args.part and missed:
            print(f"{self.NAME}: nobody died at", *missed)
            return False
        return bool(self.kills) or bool(self.args.replay)
