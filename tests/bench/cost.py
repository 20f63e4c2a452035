"""What history costs: the same with it and without."""

import os

from scratch import run, timed
from trees import untar
from workload import Together


def turn(fs, bench, sample, number):
    """With the server on a processor of its own.

    Where processes go is chance otherwise, and to wake a processor that sleeps costs more than what is compared: history
    keeps the server's awake, so that an extract without it, which needs less of everything, took longer.
    """
    folder = os.path.join(fs.dir, f"turn-{number}")
    os.mkdir(folder)
    before = fs.counters()
    run("sync")
    with fs.apart():
        seconds = timed(untar, folder, bench.inputs.small_tar())
    counted = fs.counted(before)
    sample.add(fs.name, apart_extract_ms=seconds * 1000, wal_bytes_per_op=counted["wal_bytes_per_op"],
               database_bytes_per_op=counted["database_bytes_per_op"])  # fmt: skip


def measure(bench, new_turn):
    """With history and without, by turns, each in a database of its own that grows alike."""
    both = [bench.thule(), bench.thule("history=off")]
    for fs in both:
        fs.start()
    for number in range(bench.sizes.turns):
        sample = new_turn()
        for fs in both if number % 2 else reversed(both):
            turn(fs, bench, sample, number)
    for fs in both:
        fs.stop()


FIGURES = ("apart_extract_ms", "wal_bytes_per_op", "database_bytes_per_op")

WORKLOADS = [
    Together("cost", "an extract with history and without, by turns", measure, {"thulefs": FIGURES, "history=off": FIGURES},
             bytes=lambda sizes: sizes.turns * sizes.files * 40_000),
]  # fmt: skip
