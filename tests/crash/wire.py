"""The connections of the daemon fail at every message in turn, and nobody notices: what was acknowledged is there once."""

import collections
import itertools
import random
import time

import ops
from case import MNT
from daemon import Daemon
from proxy import FROM_SERVER, TO_SERVER, Connection, Proxy, Rule, make_tls
from rounds import LONG, Reference, Run, Wrong, look

# Of small batches, of one that goes by COPY, and of two that follow each other.
SEQUENCES = (
    [["write", "a", 10, 30, 3]],
    [["write", "b", 100, ops.BIG, 4]],
    [["create", "c"], ops.SYNC, ["rename", "a", "c"], ["unlink", "b"]],
)
APPLICATIONS = ("thulefs drain", "thulefs reader", "thulefs direct")
MANY = 400  # more messages than a sequence has


class Wire(Run):
    def make_daemon(self):
        self.proxy = Proxy.of_case(make_tls() if self.args.tls else None)
        self.failures = collections.Counter()
        self.kept = {}  # the tree of each directory in the end
        return Daemon("noatime", self.proxy.source())

    def once(self, sequence, reference, rule):
        """Whether the rule has met its message."""
        folder, start = self.begin()
        self.proxy.set(rule)
        acknowledged, flushed = self.work(folder, sequence, reference)
        self.proxy.set(None)
        if not flushed:
            raise Wrong(f"operation {acknowledged} failed, where it should have waited")
        self.check(folder, start, reference, acknowledged)
        self.kept[folder] = look(folder)
        if rule.kind:
            self.failures[rule.action] += 1
        return bool(rule.kind)

    def rules(self, rng):
        """(sequence, rule): in a sample any of them, else each message of each sequence."""
        actions = [name for name in Connection.ACTIONS if name != "tear" or self.args.tls]
        ways = list(itertools.product(SEQUENCES, APPLICATIONS, (TO_SERVER, FROM_SERVER), actions))
        if self.args.all:
            for sequence, application, direction, action in ways:
                for n in range(1, MANY):
                    rule = Rule(application, direction, n, action)
                    yield sequence, rule
                    if not rule.kind:
                        break
            return
        while True:
            sequence, application, direction, action = rng.choice(ways)
            if rng.random() < 0.2:
                sequence = ops.Generator(rng.randrange(1 << 40)).sequence(LONG)
            # Most of the messages are the drain's.
            application = rng.choice((APPLICATIONS[0], APPLICATIONS[0], application))
            yield sequence, Rule(application, direction, rng.randrange(1, 30), action)

    def run(self):
        print(f"wire: seed {self.args.seed}", flush=True)
        began, good = time.monotonic(), False
        try:
            if not self.daemon.mount():
                raise Wrong("it does not mount")
            for sequence, rule in self.rules(random.Random(self.args.seed)):
                if not self.args.all and time.monotonic() > self.end:
                    break
                try:
                    self.once(sequence, Reference(sequence), rule)
                except (Wrong, OSError) as e:
                    raise Wrong(f"{rule}, in {sequence}:\n{e}") from e
                self.sequences += 1
            self.fsck()
            self.check_again(self.kept)
            self.daemon.unmount()
            good = bool(self.failures)
        except Wrong as e:
            print("wire:", e)
        finally:
            self.server.end()
        done = ", ".join(f"{name} {count}" for name, count in sorted(self.failures.items()))
        print(f"wire: {self.sequences} sequences, {sum(self.failures.values())} failures of connections ({done}) in {time.monotonic() - began:.0f} s;"
              f" {'all as it should be' if good else 'FAILED'}")
        return good
