"""What the kernel has in its caches: nothing but the kernel's own way through a filesystem."""

import os
import statistics

import scratch
from scratch import run, timed
from trees import list_files, small_tar, untar
from workload import Together

PASSES = 11


def stat(fs, bench, sample):
    """lstat of files that were all looked at just before."""
    listing = os.path.join(bench.scratch, "warm-paths")
    list_files(os.path.join(fs.dir, "tree"), listing, bench.sizes.warm_stats)
    program = bench.program("stat")
    run(program, listing, "0")
    with scratch.FuseRequests(fs.dir) as requests:
        passes = run(program, listing, str(PASSES)).split()[1:]
    sample.add(fs.name, warm_stat_ns=statistics.median(float(value) for value in passes))
    if requests.count is not None:
        sample.add(fs.name, warm_stat_requests=requests.count)


def read(fs, bench, sample):
    big = os.path.join(fs.dir, "big")
    command = ("dd", f"if={big}", "of=/dev/null", "bs=128K")
    run(*command)
    sample.add(fs.name, warm_read_mib_per_s=bench.sizes.warm_mib / timed(run, *command))


def listing(fs, sample):
    command = ("ls", "-lR", os.path.join(fs.dir, "tree"))
    run(*command)
    sample.add(fs.name, warm_ls_s=timed(run, *command))


def fill(fs, bench, tar):
    os.mkdir(os.path.join(fs.dir, "tree"))
    untar(os.path.join(fs.dir, "tree"), tar)
    run("dd", "if=/dev/urandom", f"of={os.path.join(fs.dir, 'big')}", "bs=1M", f"count={bench.sizes.warm_mib}", "conv=fsync")


def measure(bench, new_turn):
    """All at the same time, by turns: the kernel answers within two microseconds, and noise is larger than that.

    passthrough_ll has the kernel cache for good, as thulefs does, and shows the very files of the ext4 below it.
    """
    thule, passthrough = bench.thule(), bench.make("passthrough_ll")
    ext4 = passthrough.lower
    tar, _ = small_tar(passthrough, bench)
    for fs in (thule, ext4):
        fs.start()
        fill(fs, bench, tar)
    passthrough.mount(",cache=always")
    thule.sql("checkpoint")
    for number in range(bench.sizes.turns):
        sample, order = new_turn(), [thule, passthrough, ext4]
        for fs in order[number % 3 :] + order[: number % 3]:
            stat(fs, bench, sample)
            read(fs, bench, sample)
            listing(fs, sample)
    for fs in (thule, passthrough):
        fs.stop()


FIGURES = ("warm_stat_ns", "warm_read_mib_per_s", "warm_ls_s")

WORKLOADS = [
    Together("warm", "stat, read and ls -lR of what the kernel has cached, by turns", measure,
             {"thulefs": FIGURES, "passthrough_ll": FIGURES, "ext4": FIGURES},
             bytes=lambda sizes: sizes.files * 20_000 + (sizes.warm_mib << 22)),
]  # fmt: skip
