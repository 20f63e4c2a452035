"""The shortest sequence that still shows a difference, by dropping what it does not need."""


class Shrinker:
    """play(commands) gives a Difference or None; a trial counts if it gives the same kind of difference."""

    def __init__(self, play, commands, difference, out_of_time):
        self.play = play
        self.best = commands
        self.difference = difference
        self.out_of_time = out_of_time
        self.trials = 0

    def attempt(self, commands):
        self.trials += 1
        found = self.play(commands)
        if found is None or found.signature != self.difference.signature:
            return False
        self.best, self.difference = commands, found
        return True

    def shrink(self):
        """Pieces of half the length, then of a quarter, and so on; the last again until nothing more goes."""
        size = max(1, len(self.best) // 2)
        while not self.out_of_time():
            length = len(self.best)
            start = length - size
            while start > -size and not self.out_of_time():
                first = max(start, 0)
                self.attempt(self.best[:first] + self.best[start + size :])
                start = min(start, len(self.best)) - size
            if size == 1 and length == len(self.best):
                break
            size = max(1, size // 2)
        return self.best
