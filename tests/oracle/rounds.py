"""Sequences, one after the other, each in a directory of its own; what is done when one differs."""

import json
import random
import subprocess
import sys
import time
import traceback

import readers
from check import Check
from compare import Difference
from generate import Generator
from server import Server
from session import Session
from shrink import Shrinker

SHRINK_SECONDS = 200


def load(name):
    with open(name, encoding="ascii") if name != "-" else sys.stdin as f:
        lines = [json.loads(line) for line in f if line.startswith(("[", "{"))]
    head = next(line for line in lines if isinstance(line, dict))
    return head["seed"], [line for line in lines if isinstance(line, list)]


def dump(seed, commands):
    return "\n".join([json.dumps({"seed": seed}), *map(json.dumps, commands)])


class Run:
    def __init__(self, args):
        self.args = args
        self.server = Server()
        self.rounds = 0
        self.ops = self.inside = 0
        self.counts = {}
        self.end = time.monotonic() + args.seconds

    def sequences(self):
        if self.args.replay:
            yield load(self.args.replay)
            return
        seed = self.args.seed or random.SystemRandom().randrange(1, 1 << 30)
        print(f"oracle: seed {seed}", flush=True)
        count = 0
        while time.monotonic() < self.end and (not self.args.sequences or count < self.args.sequences):
            yield seed, None
            seed, count = seed + 1, count + 1

    def play(self, seed, commands):
        """(the commands that were run, a Difference or None). Without commands they are made up."""
        self.rounds += 1
        session = Session(self.server, f"{self.rounds}", not self.args.at_rest)
        rng = random.Random(seed)
        check = Check(session, rng, self.args.without.split(","))
        try:
            if commands is None:
                generator = Generator(seed)
                for _ in range(self.args.ops):
                    session.do(generator.next(session.scene))
            else:
                for command in commands:
                    session.do(command)
            self.look(session, check, rng)
            return session.commands, None
        except Difference as e:
            return session.commands, e
        except (OSError, AssertionError, subprocess.CalledProcessError) as e:
            frame = traceback.extract_tb(e.__traceback__)[-1]
            return session.commands, Difference("an error", f"{type(e).__name__} in {frame.name}", [str(e)])
        finally:
            self.tidy(session, check)

    def look(self, session, check, rng):
        session.commit()
        check.present()
        instants = check.instants()
        if len(instants) < 3:
            return
        check.times([i for i in session.instants if i.state])
        check.cheap(instants)
        check.costly(check.sample(instants, 3), 1)
        check.diffs(instants, 3)
        check.restored(rng.choice(instants), self.rounds)
        session.remount()
        check.costly(check.sample(instants, 1), 0)
        self.prune(session, check, instants, rng)

    def prune(self, session, check, instants, rng):
        """What is from before a random op goes, but for a snapshot; the log of that, too, at times."""
        kept, horizon = sorted(rng.sample(range(len(instants)), 2))
        name, log = f"s{self.rounds}", rng.random() < 0.3
        readers.output("snapshot", "create", name, "--at", f"op:{instants[kept].op}")
        readers.output("prune", "--before", f"op:{instants[horizon].op}", *(["--ops"] if log else []))
        left = instants[horizon:] if log else [instants[kept], *instants[horizon:]]
        check.cheap(left)
        check.costly([rng.choice(left)], 0)
        check.folder(instants[kept], name)
        if not log:
            check.costly([instants[kept]], 0, name)
        check.diffs(left, 1)
        gone = [i for i in instants[:horizon] if i.op != instants[kept].op]
        if gone:
            check.refused(rng.choice(gone))
        rng.choice((session.crash, session.crash_server, session.remount, session.sync))(None)
        check.present()
        check.cheap(rng.sample(left, min(len(left), 10)))
        check.costly([rng.choice(left)], 0)
        readers.output("snapshot", "delete", name)

    def tidy(self, session, check):
        session.end()
        subprocess.run(["rm", "-rf", session.folder, f"{session.folder}-restored-{self.rounds}"], check=False)
        self.ops += len(session.instants)
        self.inside += sum(not session.ends_batch(i.op) for i in session.instants)
        check.count("undo", session.undone)
        for way, n in check.counts.items():
            self.counts[way] = self.counts.get(way, 0) + n

    def report(self, seed, commands, difference):
        print(f"oracle: sequence {seed} differs: {difference}", flush=True)
        if not self.args.no_shrink:
            end = time.monotonic() + SHRINK_SECONDS
            shrinker = Shrinker(lambda c: self.play(seed, c)[1], commands, difference, lambda: time.monotonic() > end)
            commands = shrinker.shrink()
            print(f"oracle: the shortest sequence, after {shrinker.trials} trials, differs:\n{shrinker.difference}")
        print("To run it again: tests/oracle/run --replay FILE, with these lines in FILE")
        print(dump(seed, commands), flush=True)

    def run(self):
        began, sequences = time.monotonic(), 0
        for seed, commands in self.sequences():
            played, difference = self.play(seed, commands)
            sequences += 1
            if difference:
                self.report(seed, played, difference)
                return False
        counts = ", ".join(f"{way} {n}" for way, n in self.counts.items())
        print(f"oracle: {sequences} sequences, {self.ops} ops, {self.inside} of them inside a batch, in"
              f" {time.monotonic() - began:.0f} s; compared: {counts}")
        return True
