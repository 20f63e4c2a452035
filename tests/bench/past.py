"""How long lookups of cold files take while others read the past, many directories deep."""

import os
import statistics
import subprocess
import sys
import time

from workload import Special

ROUNDS = 3

# A process of its own, so that its threads do not hold up the interpreter that measures.
READERS = """
import os, sys, threading
directory, count = sys.argv[1], int(sys.argv[2])
def work():
    while True:
        os.listdir(directory)
os.listdir(directory)
print("reading", flush=True)
for _ in range(count):
    threading.Thread(target=work).start()
"""


def make(thule, files, depth):
    """The files to look up, and directories in each other. Returns the path of the last one, from the root."""
    os.mkdir(os.path.join(thule.dir, "cold"))
    for n in range(files):
        with open(os.path.join(thule.dir, "cold", str(n)), "wb"):
            pass
    for n in range(1, depth + 1):
        deep = os.path.join(*["d"] * n)
        os.mkdir(os.path.join(thule.dir, deep))
    thule.thule("sync", thule.dir)
    return deep


def look_up(thule, files):
    """The median of as many lookups, each a question to the database, in microseconds."""
    times = []
    for n in range(files):
        path = os.path.join(thule.dir, "cold", str(n))
        begin = time.perf_counter_ns()
        os.stat(path)
        times.append((time.perf_counter_ns() - begin) / 1000)
    return statistics.median(times)


def look_up_beside(thule, files, directory, readers):
    process = subprocess.Popen([sys.executable, "-c", READERS, directory, str(readers)], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        return look_up(thule, files)
    finally:
        process.kill()
        process.wait()


def measure(bench):
    files, depth, readers = bench.sizes.past_files, bench.sizes.past_depth, bench.sizes.past_readers
    thule = bench.thule()
    thule.start()
    deep = make(thule, files, depth)
    op = thule.sql("select max(op) from thule.op").strip()
    alone, beside = [], []
    for _ in range(ROUNDS):
        thule.remount()
        alone.append(look_up(thule, files))
        thule.remount()
        beside.append(look_up_beside(thule, files, os.path.join(thule.dir, ".thule", "at", f"op:{op}", deep), readers))
    thule.stop()
    return {"files": files, "depth": depth, "readers": readers, "alone_us": statistics.median(alone), "beside_us": statistics.median(beside)}


WORKLOADS = [
    Special("past", "lookups of cold files while others read the past", measure,
            ("files", "depth", "readers", "alone_us", "beside_us")),
]  # fmt: skip
