"""What a workload is, and how its rounds are run: what fails is told, and what else was measured is kept."""

import dataclasses
import traceback
from collections.abc import Callable

from scratch import Failure, Skip, say

SIDE_BY_SIDE = ("thulefs", "passthrough_ll", "ext4")


class Sample(dict):
    """Figures of one round: {filesystem: {figure: value}}. What is measured beside a filesystem has a name of its own."""

    def add(self, who, **figures):
        self.setdefault(who, {}).update(figures)


@dataclasses.dataclass(frozen=True)
class Compared:
    """One that is measured on several filesystems in interleaved rounds, each made new.

    `measure` takes a filesystem, the bench and a sample. `figures` says what it must have given: {who: (figure, ...)}.
    `bytes` tells how much of the disk it needs besides the images.
    """

    name: str
    what: str
    measure: Callable
    figures: dict
    filesystems: tuple = SIDE_BY_SIDE
    available: Callable = lambda bench: None
    bytes: Callable = lambda sizes: 0

    def run(self, bench, entry):
        chosen = [name for name in self.filesystems if name in bench.filesystems]
        if not chosen:
            raise Skip(f"is about {', '.join(self.filesystems)}, none of which --filesystems names")
        for number in range(bench.rounds):
            # Another one goes first in each round.
            first = number % len(chosen)
            sample = entry.new_round()
            for name in chosen[first:] + chosen[:first]:
                if name not in entry.failures and name not in entry.skipped:
                    say(f"{self.name}: round {number + 1}: {name}")
                    self.run_one(name, bench, entry, sample)
                    entry.save()

    def run_one(self, name, bench, entry, sample):
        fs = None
        try:
            fs = bench.make(name)
            fs.start()
            self.measure(fs, bench, sample)
            fs.stop()
        except Skip as error:
            entry.skip(name, str(error))
        except Exception as error:  # whatever it was, the others go on
            entry.fail(name, reason_of(error))
        finally:
            if fs:
                fs.abandon()


@dataclasses.dataclass(frozen=True)
class Together:
    """One whose filesystems are mounted at the same time, and measured by turns."""

    name: str
    what: str
    measure: Callable  # takes the bench and a function that makes a sample for a turn
    figures: dict
    available: Callable = lambda bench: None
    bytes: Callable = lambda sizes: 0

    def run(self, bench, entry):
        say(f"{self.name}: {self.what}")

        def new_turn():
            entry.save()
            return entry.new_round()

        self.measure(bench, new_turn)


@dataclasses.dataclass(frozen=True)
class Special:
    """One that makes a report of its own. `measure` takes the bench and returns its figures, `figures` says which."""

    name: str
    what: str
    measure: Callable
    figures: tuple
    available: Callable = lambda bench: None
    bytes: Callable = lambda sizes: 0

    def run(self, bench, entry):
        say(f"{self.name}: {self.what}")
        entry.details = self.measure(bench)


def reason_of(error):
    """In a sentence; where in the bench, too, when it is the bench that is wrong."""
    if isinstance(error, (Failure, Skip)):
        return str(error)
    say(*traceback.format_exception(error))
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.name}, line {place.lineno} of {place.filename.rsplit('/', 1)[-1]})"


def missing_figures(workload, entry, bench):
    """The names of what it should have given and has not."""
    if isinstance(workload, Special):
        return [figure for figure in workload.figures if figure not in (entry.details or {})]
    return [f"{figure} of {who}" for who, figures in workload.figures.items() for figure in figures
            if bench.expects(workload, who) and who not in entry.failures and who not in entry.skipped
            and not any(figure in one.get(who, {}) for one in entry.rounds[entry.old_rounds :])]


def run(workload, bench, entry):
    """Runs one to its end or to its failure, which ends up in the entry."""
    try:
        reason = workload.available(bench)
        if reason:
            raise Skip(reason)
        bench.need_space(workload)
        workload.run(bench, entry)
        missing = missing_figures(workload, entry, bench)
        if missing:
            raise Failure(f"did not give {', '.join(missing)}")
    except Skip as error:
        entry.skip("", str(error))
    except Exception as error:  # whatever it was, the others go on
        entry.fail("", reason_of(error))
    finally:
        bench.abandon()
    entry.finish()
