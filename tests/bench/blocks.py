"""Small reads and writes, each on its own, and what waits for the disk."""

import json
import os
import sqlite3
import statistics
import time

import scratch
from pgbench import Script
from scratch import run
from trees import cold
from workload import SIDE_BY_SIDE, Compared

BLOCK = 4096
BLOB_BLOCKS = 32  # in a row of the database

# pgbench takes bytes as text, which costs it some microseconds.
READ = """\\set blob random({first}, {last})
\\set at 1 + {block} * random(0, {blocks} - 1)
select substr(data, :at, {block}) from thule.blob where id = :blob;
"""
INSERT = """\\set n random(1, 1000000000)
insert into {table} values (:n, {value});
"""
PAGE = "convert_to(repeat(md5(:n::text), 128), 'UTF8')"


def fio(path, kind, seconds, jobs=1, *more):
    """Operations of 4 KiB per second, each a system call of one of `jobs` threads, which have a part of the file each."""
    part = os.path.getsize(path) // jobs // BLOCK * BLOCK
    out = run("fio", "--name=bench", f"--filename={path}", f"--rw={kind}", f"--bs={BLOCK}", "--ioengine=psync", "--thread",
              f"--numjobs={jobs}", f"--runtime={seconds}", f"--size={part}", f"--offset_increment={part}",
              "--group_reporting", "--fallocate=none", "--output-format=json", *more, cwd=os.path.dirname(path))  # fmt: skip
    # Its warnings come before.
    job = json.loads(out[out.index("{") :])["jobs"][0]
    return job["write" if "write" in kind else "read"]["iops"]


def fill(path, mib):
    run("dd", "if=/dev/urandom", f"of={path}", "bs=1M", f"count={mib}", "conv=fsync")


def blob_range(thule):
    row = thule.sql("select min(e.blob) || '|' || max(e.blob) from thule.extent e join thule.dirent d using (ino)"
                    " where d.parent = 1 and d.name = 'file'")
    return row.split("|")


def read_at_random(fs, bench, sample):
    """Each block once, in an order that nobody can foresee."""
    path = os.path.join(fs.dir, "file")
    fill(path, bench.sizes.random_mib)
    for depth in (1, 16):
        cold(fs)
        sample.add(fs.name, **{f"random_read_{depth}_per_s": fio(path, "randread", bench.sizes.seconds, depth)})
    if fs.name == "thulefs":
        first, last = blob_range(fs)
        script = Script(fs, READ.format(first=first, last=last, block=BLOCK, blocks=BLOB_BLOCKS))
        for depth in (1, 16):
            cold(fs)
            sample.add("pgbench", **{f"random_read_{depth}_per_s": script.per_second(depth, bench.sizes.seconds)})


def median_ms(times):
    return statistics.median(times) * 1000


def repeated(path, count, do):
    """The median of a write and what makes it durable, in milliseconds."""
    times = []
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for number in range(count):
            start = time.monotonic()
            do(fd, number)
            times.append(time.monotonic() - start)
    finally:
        os.close(fd)
    return median_ms(times)


def append(fd, number):
    os.pwrite(fd, os.urandom(BLOCK), number * BLOCK)
    os.fdatasync(fd)


def rewrite(fd, number):
    os.pwrite(fd, f"{number:100}".encode("ascii"), 0)
    os.fsync(fd)


def sqlite_commit(path, count):
    """With a rollback journal and synchronous=full: three fsyncs."""
    times = []
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("pragma journal_mode = delete")
        connection.execute("pragma synchronous = full")
        connection.execute("create table t (n integer primary key, text text)")
        for number in range(count):
            start = time.monotonic()
            connection.execute("insert into t values (?, ?)", (number, "x" * 100))
            times.append(time.monotonic() - start)
    finally:
        connection.close()
    return median_ms(times)


def commit(fs, bench, sample):
    """What waits for the disk each time."""
    count, path = bench.sizes.commit_count, os.path.join(fs.dir, "file")
    fill(path, bench.sizes.random_mib)
    run("sync")
    sample.add(
        fs.name,
        random_write_per_s=fio(path, "randwrite", bench.sizes.seconds, 1, "--fdatasync=1", "--time_based"),
        append_ms=repeated(os.path.join(fs.dir, "appended"), count, append),
        small_fsync_ms=repeated(os.path.join(fs.dir, "rewritten"), count, rewrite),
        sqlite_ms=sqlite_commit(os.path.join(fs.dir, "sqlite"), count),
    )
    if fs.name == "thulefs":
        fs.sql("create table public.bench_row (n bigint, t bigint); create table public.bench_page (n bigint, data bytea);"
               " alter table public.bench_page alter data set storage external")
        scratch.fsync(fs.dir)
        rows = Script(fs, INSERT.format(table="public.bench_row", value=":n")).per_second(1, bench.sizes.seconds)
        pages = Script(fs, INSERT.format(table="public.bench_page", value=PAGE)).per_second(1, bench.sizes.seconds)
        sample.add("pgbench", commit_ms=1000 / rows, random_write_per_s=pages)


READS = ("random_read_1_per_s", "random_read_16_per_s")
COMMITS = ("random_write_per_s", "append_ms", "small_fsync_ms", "sqlite_ms")

WORKLOADS = [
    Compared("random", "4 KiB read at random, cold, at depth 1 and 16", read_at_random,
             {"thulefs": READS, "passthrough_ll": READS, "ext4": READS, "pgbench": READS}),
    Compared("commit", "4 KiB written at random, appends, small writes and sqlite, each made durable", commit,
             {"thulefs": COMMITS, "fsync=journal": COMMITS, "passthrough_ll": COMMITS, "ext4": COMMITS,
              "pgbench": ("commit_ms", "random_write_per_s")}, filesystems=(*SIDE_BY_SIDE, "fsync=journal")),
]  # fmt: skip
