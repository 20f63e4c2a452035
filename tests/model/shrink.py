"""The shortest sequence that still shows a difference, by dropping what it does not need."""

from calls import CALLS
from worker import IDENTITIES, SLOTS


def without(ops, start, size):
    return ops[:start] + ops[start + size :]


class Shrinker:
    """play(sequence) gives a Difference or None; a trial counts if it gives the same kind of difference."""

    def __init__(self, play, sequence, difference, progress=lambda text: None):
        self.play = play
        self.best = sequence
        self.difference = difference
        self.progress = progress
        self.trials = 0

    def attempt(self, ops, observing=None):
        trial = self.best.like(ops)
        if observing is not None:
            trial.observing = observing
        self.trials += 1
        found = self.play(trial)
        if found is None or found.signature != self.difference.signature:
            return False
        if found.index is not None:
            trial.ops = trial.ops[: found.index + 1]
        self.best, self.difference = trial, found
        return True

    def drop_chunks(self):
        """Pieces of half the length, then of a quarter, and so on."""
        size = max(1, len(self.best.ops) // 2)
        while True:
            # From the end: what is late depends on what is early.
            start = len(self.best.ops) - size
            while start > -size:
                self.attempt(without(self.best.ops, max(start, 0), size + min(start, 0)))
                start = min(start, len(self.best.ops)) - size
            self.progress(f"{len(self.best.ops)} operations after {self.trials} trials")
            if size == 1:
                return
            size //= 2

    def drop_pairs(self):
        """What only works together, as chdir there and back."""
        ops = len(self.best.ops)
        for i in range(ops - 1, 0, -1):
            for j in range(i - 1, -1, -1):
                if i < len(self.best.ops):
                    self.attempt(without(without(self.best.ops, i, 1), j, 1))

    def simplify(self):
        """Everything by root, in slot 0, and relative to the current directory, as far as it goes."""
        i = 0
        while i < len(self.best.ops):
            for simpler in simpler_ops(self.best.ops[i]):
                if self.attempt([*self.best.ops[:i], simpler, *self.best.ops[i + 1 :]]):
                    break
            else:
                i += 1

    def unify(self):
        """Fewer names: one path for another, everywhere."""
        for old in sorted(paths(self.best.ops), key=len, reverse=True):
            for new in sorted(paths(self.best.ops), key=len):
                if len(new) <= len(old) and new != old and self.attempt(renamed(self.best.ops, old, new)):
                    break

    def shrink(self):
        if not self.attempt(self.best.ops):
            self.progress("it did not differ when it was run again: this is all that was run")
            return self.best
        length = None
        while length != len(self.best.ops):
            length = len(self.best.ops)
            self.drop_chunks()
            self.simplify()
            self.unify()
            self.drop_chunks()
            if length <= 25:
                self.drop_pairs()
        return self.best


def is_path(op, k):
    return CALLS[op[1]].kinds[k - 2] == "path" and isinstance(op[k], str)


def paths(ops):
    return {op[k] for op in ops for k in range(2, len(op)) if is_path(op, k)}


def renamed(ops, old, new):
    return [[new if k > 1 and is_path(op, k) and a == old else a for k, a in enumerate(op)] for op in ops]


def simpler_ops(op):
    """By root, first the same way (ways.py)."""
    for simpler in sorted({0, op[0] - op[0] % len(IDENTITIES)} - {op[0]}, reverse=True):
        yield [simpler, *op[1:]]
    for k, argument in enumerate(op[2:], 2):
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], str):
            yield [*op[:k], argument[1], *op[k + 1 :]]
        elif isinstance(argument, str) and "/" in argument.strip("/"):
            yield [*op[:k], argument.strip("/").split("/", 1)[1], *op[k + 1 :]]
        elif isinstance(argument, int) and argument > SLOTS and op[1] in ("write", "pwrite", "map_write"):
            yield [*op[:k], 1, *op[k + 1 :]]
