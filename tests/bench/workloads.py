"""What is measured on each filesystem. A workload adds its figures to a dict: name of the figure -> value."""

import os
import statistics
import subprocess
import threading
import time

import scratch
from scratch import run, say, timed

KERNEL_TAR = "/usr/src/linux-source-6.1.tar.xz"
STAT_FILES = 10_000
STAT_PASSES = 11
STAT_TURNS = 9
COST_TURNS = 7


def small_tar(fs, inputs):
    """The tar and its number of files, or a smaller one where the filesystem cannot hold that many."""
    if fs.max_inodes is None or inputs.small_files + scratch.FOLDERS < fs.max_inodes:
        return inputs.small_tar, inputs.small_files
    files = fs.max_inodes - scratch.FOLDERS - 100
    path = f"{inputs.small_tar}.{files}"
    if not os.path.exists(path):
        say(f"{fs.name}: {files} files instead of {inputs.small_files}, for want of file descriptors")
        scratch.small_files_tar(path, files)
    return path, files


def untar(folder, tar):
    run("tar", "-xf", tar, "-C", folder)
    scratch.fsync(folder)


def extract(fs, inputs, figures):
    """20,000 small files, and then fsync of the root, which commits all before it."""
    tar, files = small_tar(fs, inputs)
    before = fs.counters() if hasattr(fs, "counters") else None
    run("sync")
    seconds = timed(untar, fs.dir, tar)
    figures["extract_files"] = files
    figures["extract_files_per_s"] = files / seconds
    if before:
        figures.update(fs.counted(before))
        figures["ops_per_s"] = figures["ops"] / seconds


def cost(fs, inputs, figures, turn):
    """The same with the server on a processor of its own.

    Where processes go is chance otherwise, and to wake a processor that sleeps costs more than what is compared: history
    keeps the server's awake, so that an extract without it, which needs less of everything, took longer.
    """
    folder = os.path.join(fs.dir, f"turn-{turn}")
    os.mkdir(folder)
    before = fs.counters()
    run("sync")
    with fs.apart():
        figures["apart_extract_ms"] = timed(untar, folder, inputs.small_tar) * 1000
    figures.update(fs.counted(before))


def warm_stat(fs, inputs, figures):
    """lstat of files that were all looked at just before."""
    listing = os.path.join(inputs.folder, "paths")
    names = []
    for folder, _, files in os.walk(fs.dir):
        names += [os.path.join(folder, name) for name in files]
    with open(listing, "w", encoding="utf-8") as f:
        f.writelines(name + "\n" for name in sorted(names)[:STAT_FILES])
    run(inputs.stat_program, listing, "0")
    with scratch.FuseRequests(fs.dir) as requests:
        passes = run(inputs.stat_program, listing, str(STAT_PASSES)).split()
    figures["warm_stat_ns"] = statistics.median(float(value) for value in passes)
    if requests.count is not None:
        figures["warm_stat_requests"] = requests.count


def sequential(fs, inputs, figures):
    """1 GiB that cannot be compressed: written and fsynced, read again, and read after a remount."""
    big = os.path.join(fs.dir, "big")
    mib = inputs.big_size / (1 << 20)

    def write():
        run("dd", f"if={inputs.big_file}", f"of={big}", "bs=1M", "conv=fsync")

    def read():
        run("dd", f"if={big}", "of=/dev/null", "bs=1M")

    run("sync")
    figures["write_mib_per_s"] = mib / timed(write)
    figures["read_warm_mib_per_s"] = mib / timed(read)
    fs.remount()
    scratch.drop_caches()
    figures["read_cold_mib_per_s"] = mib / timed(read)
    run("cmp", inputs.big_file, big)


class Checker(threading.Thread):
    """Looks at the filesystem in SQL while a tree is being extracted."""

    def __init__(self, fs):
        super().__init__()
        self.fs = fs
        self.stop = threading.Event()
        self.counts = []
        self.violations = []

    def run(self):
        while not self.stop.wait(1):
            self.counts.append(int(self.fs.sql("select count(*) from thule.file")))
            out = subprocess.run(
                [os.path.join(scratch.BIN, "thule"), "fsck"],
                env=self.fs.environment, capture_output=True, text=True, check=False,
            )
            if out.returncode:
                self.violations.append(out.stdout + out.stderr)


def manifest(folder, path):
    with open(path, "w", encoding="ascii") as out:
        subprocess.run([scratch.MANIFEST, folder], stdout=out, check=True)


def date_new_folders(root, since):
    """Folders that tar leaves with the time of their extraction: give them one time."""
    for folder, _, _ in os.walk(root):
        if os.stat(folder).st_mtime >= since:
            os.utime(folder, (0, 0))


def kernel(thule, ext4, inputs):
    """The kernel's whole source on both; equal at once and after a remount. Returns figures."""
    if not os.path.exists(KERNEL_TAR):
        raise SystemExit(f"bench: {KERNEL_TAR} is missing: install linux-source-6.1")
    say("kernel: unpacking the tarball")
    tar = os.path.join(inputs.folder, "kernel.tar")
    with open(tar, "wb") as out:
        subprocess.run(["xz", "-dc", KERNEL_TAR], stdout=out, check=True)
    figures, started = {}, time.time() - 1
    expected, actual = (os.path.join(inputs.folder, name) for name in ("expected", "actual"))
    say("kernel: ext4")
    ext4.start()
    figures["ext4_s"] = timed(untar, ext4, tar)
    os.rmdir(os.path.join(ext4.dir, "lost+found"))
    date_new_folders(ext4.dir, started)
    manifest(ext4.dir, expected)
    ext4.stop()
    say("kernel: thulefs, checked while it is extracted")
    thule.start()
    try:
        kernel_ours(thule, tar, started, expected, actual, figures)
    finally:
        os.unlink(tar)
    thule.stop()
    return figures


def kernel_ours(thule, tar, started, expected, actual, figures):
    before = thule.counters()
    checker = Checker(thule)
    checker.start()
    try:
        figures["thulefs_s"] = timed(untar, thule, tar)
    finally:
        checker.stop.set()
        checker.join()
    after = thule.counters()
    figures["ops"] = after["ops"] - before["ops"]
    figures["transactions"] = after["transactions"] - before["transactions"]
    figures["database_bytes"] = after["size"]
    figures["memory_bytes"] = thule.peak_memory()
    figures["fsck_runs_meanwhile"] = len(checker.counts)
    figures["fsck_violations"] = checker.violations
    figures["file_count_grew"] = sum(a < b for a, b in zip(checker.counts, checker.counts[1:]))
    date_new_folders(thule.dir, started)
    os.chmod(thule.dir, 0o755)
    say("kernel: comparing")
    manifest(thule.dir, actual)
    figures["entries"] = sum(1 for _ in open(expected, encoding="ascii"))
    figures["equal"] = same(expected, actual)
    thule.remount()
    manifest(thule.dir, actual)
    figures["equal_after_remount"] = same(expected, actual)
    thule.restart_database()
    manifest(thule.dir, actual)
    figures["equal_after_restart"] = same(expected, actual)
    figures["fsck_after"] = thule.thule("fsck").strip()


def same(expected, actual):
    result = subprocess.run(["diff", expected, actual], check=False, stdout=subprocess.PIPE, text=True)
    for line in result.stdout.splitlines()[:5]:
        say(line)
    return result.returncode == 0
