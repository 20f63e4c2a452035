"""The kernel's whole source: extracted on thulefs and on ext4, looked at meanwhile, and compared."""

import os
import shutil
import subprocess
import threading
import time

import scratch
from scratch import Failure, run, say, timed
from trees import untar
from workload import Special

SOURCE = "/usr/src/linux-source-6.1.tar.xz"


class Checker(threading.Thread):
    """Looks at the filesystem in SQL while a tree is being extracted."""

    def __init__(self, fs):
        super().__init__()
        self.fs = fs
        self.stop = threading.Event()
        self.counts = []
        self.violations = []
        self.error = None

    def run(self):
        try:
            while not self.stop.wait(1):
                self.look()
        except Failure as error:
            self.error = error

    def look(self):
        self.counts.append(int(self.fs.sql("select count(*) from thule.file")))
        out = subprocess.run([os.path.join(self.fs.programs, "thule"), "fsck"], env=self.fs.environment, capture_output=True,
                             text=True, check=False)
        if out.returncode:
            self.violations.append(out.stdout + out.stderr)


def manifest(folder, path):
    with open(path, "w", encoding="ascii") as out:
        run(scratch.MANIFEST, folder, stdout=out)


def date_new_folders(root, since):
    """Folders that tar leaves with the time of their extraction: give them one time."""
    for folder, _, _ in os.walk(root):
        if os.stat(folder).st_mtime >= since:
            os.utime(folder, (0, 0))


def unpack(bench, path):
    if bench.sizes.kernel_files:
        shutil.copy(bench.inputs.small_tar(bench.sizes.kernel_files), path)
    else:
        say("kernel: unpacking the tarball")
        with open(path, "wb") as out:
            run("xz", "-dc", SOURCE, stdout=out)


def measure(bench):
    """A whole source tree on both; equal at once, after a remount, and after a restart of the database."""
    tar = os.path.join(bench.scratch, "kernel.tar")
    unpack(bench, tar)
    figures, started = {}, time.time() - 1
    expected, actual = (os.path.join(bench.scratch, name) for name in ("expected", "actual"))
    say("kernel: ext4")
    ext4 = bench.make("ext4")
    ext4.start()
    figures["ext4_s"] = timed(untar, ext4.dir, tar)
    os.rmdir(os.path.join(ext4.dir, "lost+found"))
    date_new_folders(ext4.dir, started)
    manifest(ext4.dir, expected)
    ext4.stop()
    say("kernel: thulefs, checked while it is extracted")
    thule = bench.thule()
    thule.start()
    extract(thule, tar, figures)
    date_new_folders(thule.dir, started)
    os.chmod(thule.dir, 0o755)
    say("kernel: comparing")
    compare(thule, expected, actual, figures)
    figures["fsck_after"] = thule.thule("fsck").strip()
    thule.stop()
    return figures


def extract(thule, tar, figures):
    before = thule.counters()
    checker = Checker(thule)
    checker.start()
    try:
        figures["thulefs_s"] = timed(untar, thule.dir, tar)
    finally:
        checker.stop.set()
        checker.join()
    if checker.error:
        raise Failure(f"the filesystem could not be looked at while it was written: {checker.error}")
    after = thule.counters()
    figures["ops"] = after["ops"] - before["ops"]
    figures["transactions"] = after["transactions"] - before["transactions"]
    figures["database_bytes"] = after["size"]
    figures["memory_bytes"] = thule.memory("VmHWM")
    figures["fsck_runs_meanwhile"] = len(checker.counts)
    figures["fsck_violations"] = checker.violations
    figures["file_count_grew"] = sum(a < b for a, b in zip(checker.counts, checker.counts[1:]))


def compare(thule, expected, actual, figures):
    with open(expected, encoding="ascii") as f:
        figures["entries"] = sum(1 for _ in f)
    for name, disturb in (("equal", lambda: None), ("equal_after_remount", thule.remount),
                          ("equal_after_restart", thule.restart_database)):
        disturb()
        manifest(thule.dir, actual)
        figures[name] = same(expected, actual)


def same(expected, actual):
    result = subprocess.run(["diff", expected, actual], check=False, stdout=subprocess.PIPE, text=True)
    for line in result.stdout.splitlines()[:5]:
        say(line)
    return result.returncode == 0


def available(bench):
    """Why not, or None."""
    if bench.sizes.kernel_files or os.path.exists(SOURCE):
        return None
    return f"there is no source of a kernel: {SOURCE} is missing, which the package linux-source-6.1 has"


WORKLOADS = [
    Special("kernel", "the kernel's source, extracted and compared", measure,
            ("ext4_s", "thulefs_s", "ops", "transactions", "database_bytes", "memory_bytes", "fsck_runs_meanwhile",
             "fsck_violations", "file_count_grew", "entries", "equal", "equal_after_remount", "equal_after_restart",
             "fsck_after"),
            available=available, bytes=lambda sizes: 0 if sizes.kernel_files else 9 << 30),
]  # fmt: skip
