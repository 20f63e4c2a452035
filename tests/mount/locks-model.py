#!/usr/bin/python3
# options: locks=cluster
# labels: long
"""Locks that the database has, beside the kernel's own: processes do the same on files of the mount and of the host, in random order, and get the same. What a
close releases may be released a moment later than the close."""

import errno
import fcntl
import os
import random
import sys
import time
from fcntl import F_GETLK, F_RDLCK, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN

from case import MNT
from other import F_OFD_SETLK, Other, lock

FILES, PROCESSES, STEPS = 2, 4, 400
HOST = os.environ["CASE_DIR"]
SECONDS = 30

opened = {}  # of a process: number to descriptor


def open_file(number, root, name):
    opened[number] = os.open(os.path.join(root, name), os.O_RDWR | os.O_CREAT)


def close_file(number):
    os.close(opened.pop(number))


def result(function, *arguments):
    try:
        return function(*arguments)
    except OSError as e:
        return errno.errorcode[e.errno]


def set_lock(number, command, kind, start, length):
    return result(lambda: lock(opened[number], command, kind, start, length)[0])


def test_lock(number, kind, start, length):
    return result(lambda: lock(opened[number], F_GETLK, kind, start, length)[0] == F_UNLCK)


def set_flock(number, operation):
    return result(fcntl.flock, opened[number], operation)


class Pair:
    """A process for each of both sides, of which every open file is on that side."""

    def __init__(self, root):
        self.sides = [(Other(), root), (Other(), HOST)]
        self.files = []
        self.next = 0
        self.waits = None

    def both(self, function, *arguments):
        answers = [side.call(function, *arguments) for side, _ in self.sides]
        end = time.monotonic() + SECONDS
        # What a close has released may come a moment later.
        while answers[0] != answers[1] and answers[0] in ("EAGAIN", False) and time.monotonic() < end:
            time.sleep(0.01)
            answers[0] = self.sides[0][0].call(function, *arguments)
        if answers[0] != answers[1]:
            raise AssertionError(f"{function.__name__}{arguments}: {answers[0]!r}, and {answers[1]!r} on the host")
        return answers[1]

    def open(self, name):
        for side, root in self.sides:
            side.call(open_file, self.next, root, name)
        self.files.append(self.next)
        self.next += 1

    def close(self, number):
        self.files.remove(number)
        for side, _ in self.sides:
            side.call(close_file, number)

    def start(self, *arguments):
        """Waits for a lock on both sides."""
        self.waits = arguments
        for side, _ in self.sides:
            side.start(set_lock, *arguments)

    def look(self):
        """The wait is over on both sides, or on none."""
        over = [side.pipe.poll(0.02) for side, _ in self.sides]
        if not any(over):
            return
        answers = [side.finish() for side, _ in self.sides]
        if answers[0] != answers[1]:
            raise AssertionError(f"waited for {self.waits}: {answers[0]!r}, and {answers[1]!r} on the host")
        self.waits = None

    def end(self):
        for side, _ in self.sides:
            side.kill()


def span(chance):
    start = chance.randrange(12)
    return start, chance.choice((0, 1, 2, 5))


def step(chance, pairs, roots):
    """Returns what was done, for who reads the log of a failure."""
    at = chance.choice([i for i, pair in enumerate(pairs) if not pair.waits])
    pair = pairs[at]
    what = chance.choices(("open", "close", "posix", "ofd", "test", "flock", "wait", "die"), (3, 3, 20, 8, 6, 10, 4, 1))[0]
    if what == "open" or not pair.files:
        name = f"f{chance.randrange(FILES)}"
        pair.open(name)
        return at, "open", name
    number = chance.choice(pair.files)
    if what == "close":
        pair.close(number)
        return at, what, number
    if what == "die":
        pair.end()
        pairs[at] = Pair(roots[at])
        return at, what
    if what == "flock":
        operation = chance.choice((LOCK_SH, LOCK_EX, LOCK_UN))
        return at, what, number, operation, pair.both(set_flock, number, operation | LOCK_NB)
    kind = chance.choice((F_RDLCK, F_WRLCK, F_UNLCK))
    start, length = span(chance)
    if what == "test":
        kind = F_WRLCK if kind == F_UNLCK else kind
        return at, what, number, kind, start, length, pair.both(test_lock, number, kind, start, length)
    if what == "wait" and kind != F_UNLCK and not any(p.waits for p in pairs):
        pair.start(number, F_SETLKW, kind, start, length)
        return at, what, number, kind, start, length
    command = F_OFD_SETLK if what == "ofd" else F_SETLK
    return at, what, number, kind, start, length, pair.both(set_lock, number, command, kind, start, length)


def run(seed, roots):
    chance = random.Random(seed)
    done = []
    for file in range(FILES):
        for root in {HOST, *roots}:
            with open(os.path.join(root, f"f{file}"), "wb"):
                pass
    pairs = [Pair(root) for root in roots]
    try:
        for _ in range(STEPS):
            done.append(step(chance, pairs, roots))
            for pair in pairs:
                if pair.waits:
                    pair.look()
    except BaseException:
        print(f"seed {seed}; the last steps:", *done[-60:], sep="\n", file=sys.stderr)
        raise
    finally:
        for pair in pairs:
            pair.end()


def main():
    seed = int(os.environ.get("LOCKS_SEED") or random.randrange(1 << 32))
    print("seed", seed)
    run(seed, [MNT] * PROCESSES)


if __name__ == "__main__":
    main()
