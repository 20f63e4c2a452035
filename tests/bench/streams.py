"""Large files from end to end."""

import os
import threading

import scratch
from scratch import run, timed
from trees import cold
from workload import Compared

PIECE_MIB = 1


def write(source, target, mib=None):
    run("dd", f"if={source}", f"of={target}", f"bs={PIECE_MIB}M", *([f"count={mib}"] if mib else []), "conv=fsync")


def read(path):
    run("dd", f"if={path}", "of=/dev/null", f"bs={PIECE_MIB}M")


def write_two(source, folder, mib):
    """Half of the file by each of two writers, at the same time."""
    failures = []

    def work(name):
        try:
            write(source, os.path.join(folder, name), mib)
        except scratch.Failure as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def blobs(thule, name):
    """A query for the rows that have a file's bytes, in order."""
    return ("select e.blob from thule.extent e join thule.dirent d using (ino)"
            f" where d.parent = 1 and d.name = '{name}' order by e.file_off")


def bound(thule, bench, name):
    """MiB/s of a pipeline of libpq that reads the same rows, from the server as it is."""
    program = bench.program("bound", "libpq")
    return float(run(program, blobs(thule, name), env=thule.settings(thule.sql("select current_database()"))))


def sequential(fs, bench, sample):
    """1 GiB that cannot be compressed, by one writer and by two; read warm and cold."""
    source, big = bench.inputs.big_file(), os.path.join(fs.dir, "big")
    mib, half = bench.sizes.mib, max(1, bench.sizes.mib // 2)
    run("sync")
    sample.add(fs.name, write_mib_per_s=mib / timed(write, source, big))
    sample.add(fs.name, read_warm_mib_per_s=mib / timed(read, big))
    cold(fs)
    sample.add(fs.name, read_cold_mib_per_s=mib / timed(read, big))
    run("cmp", source, big)
    # What is below has it in its caches now: the database's, or ext4's.
    fs.remount()
    sample.add(fs.name, read_remounted_mib_per_s=mib / timed(read, big))
    if fs.name == "thulefs":
        sample.add("libpq", read_remounted_mib_per_s=bound(fs, bench, "big"))
        cold(fs)
        sample.add("libpq", read_cold_mib_per_s=bound(fs, bench, "big"))
    run("sync")
    sample.add(fs.name, write_two_mib_per_s=2 * half / timed(write_two, source, fs.dir, half))


FIGURES = ("write_mib_per_s", "write_two_mib_per_s", "read_warm_mib_per_s", "read_cold_mib_per_s", "read_remounted_mib_per_s")

WORKLOADS = [
    Compared("sequential", "1 GiB written and fsynced, by one and by two; read warm and cold", sequential,
             {"thulefs": FIGURES, "passthrough_ll": FIGURES, "ext4": FIGURES,
              "libpq": ("read_cold_mib_per_s", "read_remounted_mib_per_s")}),
]  # fmt: skip
