"""Trees of small files: extracted, copied, walked while nothing of them is cached, and removed."""

import os
import random

import scratch
from pgbench import PerTransaction
from scratch import run, say, shell, timed
from workload import Compared


def untar(folder, tar):
    run("tar", "-xf", tar, "-C", folder)
    scratch.fsync(folder)


def small_tar(fs, bench):
    """The tar and its number of files, or a smaller one where the filesystem cannot hold that many."""
    files, room = bench.sizes.files, (fs.max_inodes or 1 << 40) - 300
    if files > room:
        say(f"{fs.name}: {room} files instead of {files}, for want of file descriptors")
        files = room
    return bench.inputs.small_tar(files), files


def cold(fs):
    """Whatever is asked for next is in no cache of the kernel, the daemon or the database's files."""
    fs.remount()
    scratch.drop_caches()


def timed_cold(fs, function, *arguments):
    cold(fs)
    return timed(function, *arguments)


def tar_to_pipe(folder):
    # tar itself reads nothing when its archive is /dev/null.
    shell('tar -cf - -C "$1" . | cat >/dev/null', folder)


def search(folder):
    run("grep", "-r", "nowhere to be found", folder, accept=(1,))


def walk(fs, folder):
    """Walks that find nothing in caches: {figure: seconds}."""
    return {
        "find_cold_s": timed_cold(fs, run, "find", folder, "-type", "f"),
        "ls_cold_s": timed_cold(fs, run, "ls", "-lR", folder),
        "tar_cold_s": timed_cold(fs, tar_to_pipe, folder),
        "grep_cold_s": timed_cold(fs, search, folder),
    }


def list_files(folder, path, count=None, order=None):
    """Writes the paths of files below a folder to a file: sorted, or in an order that a seed gives."""
    names = sorted(os.path.join(parent, name) for parent, _, files in os.walk(folder) for name in files)
    if order is not None:
        random.Random(order).shuffle(names)
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(name + "\n" for name in names[:count])


def cold_stat(fs, folder, bench):
    """Microseconds of a stat in random order, one after the other."""
    listing = os.path.join(bench.scratch, "random-paths")
    list_files(folder, listing, bench.sizes.random_stats, order=45)
    program = bench.program("stat")
    cold(fs)
    return float(run(program, listing, "0").split()[0]) / 1000


def remove(fs, folder):
    return timed_cold(fs, run, "rm", "-rf", folder)


WALKED = ("find_cold_s", "ls_cold_s", "tar_cold_s", "grep_cold_s", "remove_cold_s")


def extract(fs, bench, sample):
    """20,000 small files, and then fsync of the root, which commits all before it."""
    tar, files = small_tar(fs, bench)
    ours = fs.name == "thulefs"
    before = fs.counters() if ours else None
    run("sync")
    seconds = timed(untar, fs.dir, tar)
    sample.add(fs.name, extract_files=files, extract_files_per_s=files / seconds)
    if ours:
        sample.add(fs.name, **fs.counted(before), memory_bytes=fs.memory("VmHWM"))
        sample.add(fs.name, ops_per_s=sample[fs.name]["ops"] / seconds, bytes_per_file=database_bytes(fs, files, before))
        sample.add(fs.name, bytes_per_cached_inode=inode_memory(fs, files))
    sample.add(fs.name, **walk(fs, fs.dir))
    sample.add(fs.name, remove_cold_s=timed_cold(fs, shell, 'rm -rf "$1"/dir-*', fs.dir))
    if ours:
        one_per_transaction(fs, bench, sample)


def database_bytes(fs, files, before):
    """What the database takes for a file beside its bytes, with the history of its extraction."""
    fs.sql("vacuum")
    data = int(fs.sql("select coalesce(sum(size), 0) from thule.file where kind = 'file'"))
    return (fs.counters()["size"] - before["size"] - data) / files


def inode_memory(fs, files):
    """The daemon's own memory for an inode that the kernel holds: of a new daemon, before and after all are looked at."""
    fs.remount()
    before = fs.memory("RssAnon")
    run("ls", "-lR", fs.dir)
    return (fs.memory("RssAnon") - before) / files


def one_per_transaction(fs, bench, sample):
    """What a filesystem without a journal would reach, on the same server."""
    fs.unmount()
    pgbench = PerTransaction(fs)
    for clients in (1, 4):
        name = f"pgbench -c {clients}"
        say(f"extract: {name}")
        sample.add(name, ops_per_s=pgbench.transactions_per_second(clients, bench.sizes.seconds))


def copy(fs, bench, sample):
    """`cp -a` of a clone with its history, walks of it, and `rm -rf`."""
    source, folder = bench.inputs.tree(), os.path.join(fs.dir, "tree")
    run("sync")
    copied = timed(run, "cp", "-a", source, folder)
    sample.add(fs.name, copy_s=copied, copy_durable_s=copied + timed(scratch.fsync, fs.dir))
    sample.add(fs.name, **walk(fs, folder))
    sample.add(fs.name, stat_cold_us=cold_stat(fs, folder, bench))
    sample.add(fs.name, remove_cold_s=remove(fs, folder))


OURS = ("ops", "ops_per_s", "ops_per_transaction", "wal_bytes_per_op", "database_bytes_per_op", "memory_bytes", "bytes_per_file",
        "bytes_per_cached_inode")
COPIED = ("copy_s", "copy_durable_s", "stat_cold_us", *WALKED)
EXTRACTED = ("extract_files_per_s", *WALKED)

WORKLOADS = [
    Compared("extract", "20,000 small files extracted, walked and removed", extract,
             {"thulefs": (*EXTRACTED, *OURS), "passthrough_ll": EXTRACTED, "ext4": EXTRACTED,
              "pgbench -c 1": ("ops_per_s",), "pgbench -c 4": ("ops_per_s",)}),
    Compared("copy", "a clone of a large repository copied, walked and removed", copy,
             {"thulefs": COPIED, "passthrough_ll": COPIED, "ext4": COPIED}),
]  # fmt: skip
