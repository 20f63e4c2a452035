"""Many files against few: what an operation costs, in databases that history.sql fills."""

import os
import random
import time

import history
import scratch
from scratch import timed
from workload import Together

ENTRIES = 1000  # that are created, and of the folder that is listed
LOOKUPS = 500
TURNS = 5
FEW = "few files"
# Of twenty files that history.sql makes one is deleted, and two are renamed.
PARTS, FIRST_PART = 20, 4


def create(fs, turn):
    folder = os.path.join(fs.dir, f"new-{turn}")
    os.mkdir(folder)
    for number in range(ENTRIES):
        os.close(os.open(os.path.join(folder, f"entry-{number}"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    scratch.fsync(folder)


def look_up(fs, files, folders, turn):
    """The mean of files in so many folders of all the tree, none of which the daemon knows, in microseconds."""
    rng = random.Random(turn)
    parts = history.A_FOLDER // PARTS
    chosen = rng.sample(range(files // history.A_FOLDER), folders)
    numbers = [(rng.choice(chosen) * parts + rng.randrange(parts)) * PARTS + rng.randrange(FIRST_PART, PARTS) for _ in range(LOOKUPS)]
    paths = [os.path.join(fs.dir, f"dir{number // history.A_FOLDER}", f"file-{number}.txt") for number in numbers]
    start = time.monotonic()
    for path in paths:
        os.stat(path)
    return (time.monotonic() - start) / LOOKUPS * 1e6


def turn(fs, files, folders, number, sample, name):
    sample.add(name, create_per_s=ENTRIES / timed(create, fs, number))
    fs.remount()
    sample.add(name, lookup_us=look_up(fs, files, folders, number))
    fs.remount()
    sample.add(name, readdir_us=timed(os.listdir, os.path.join(fs.dir, f"new-{number}")) * 1e6)


def measure(bench, new_turn):
    sizes = {"thulefs": bench.sizes.scale_files, FEW: bench.sizes.scale_few}
    both = {"thulefs": bench.thule(), FEW: bench.thule(as_name="few-files")}
    for name, fs in both.items():
        history.make(fs, history.SHORT_OPS, sizes[name])
        fs.mount()
    # As many folders of either, since neighbours in a folder are read together.
    folders = min(sizes.values()) // history.A_FOLDER
    for number in range(TURNS):
        sample = new_turn()
        for name in sorted(both, reverse=bool(number % 2)):
            turn(both[name], sizes[name], folders, number, sample, name)
    for fs in both.values():
        fs.stop()


FIGURES = ("create_per_s", "lookup_us", "readdir_us")

WORKLOADS = [
    Together("scale", "create, lookup and readdir among many files and among few, by turns", measure,
             {"thulefs": FIGURES, FEW: FIGURES}, bytes=lambda sizes: sizes.scale_files * 5_000),
]  # fmt: skip
