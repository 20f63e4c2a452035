"""What the bench needs beside the programs: commands, scratch files, input."""

import gzip
import io
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BENCH = os.path.join(PROJECT, "tests", "bench")
MANIFEST = os.path.join(PROJECT, "tests", "lib", "manifest")
BIN = os.path.join(PROJECT, "build", "release", "bin")
FOLDERS = 200  # of the small files
EXAMPLES = "/usr/share/doc/libfuse3-dev/examples"


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def run(*command, **options):
    """Runs a command to its end; what it printed. Its failure ends the bench, with its message."""
    done = subprocess.run(command, text=True, capture_output=True, check=False, **options)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"bench: {what}: not within {seconds} s")
        time.sleep(0.01)


def timed(function, *arguments):
    start = time.monotonic()
    function(*arguments)
    return time.monotonic() - start


def fsync(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def drop_caches():
    run("sync")
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")


def is_mounted(folder):
    with open("/proc/mounts", encoding="utf-8", errors="replace") as f:
        return any(line.split()[1] == folder for line in f)


class FuseRequests:
    """Counts the requests that the kernel sends for a mount, where tracing can tell; else `count` stays None."""

    EVENTS = "/sys/kernel/tracing/instances"

    def __init__(self, folder):
        self.connection = os.minor(os.stat(folder).st_dev)
        self.instance = os.path.join(self.EVENTS, f"thule-bench-{os.getpid()}")
        self.count = None

    def write(self, name, text):
        with open(os.path.join(self.instance, name), "w", encoding="ascii") as f:
            f.write(text)

    def __enter__(self):
        try:
            os.mkdir(self.instance)
            self.write("events/fuse/fuse_request_send/filter", f"connection == {self.connection}")
            self.write("events/fuse/fuse_request_send/enable", "1")
            self.count = 0
        except OSError:
            pass
        return self

    def __exit__(self, *_):
        if self.count is not None:
            self.write("events/fuse/fuse_request_send/enable", "0")
            with open(os.path.join(self.instance, "trace"), encoding="ascii", errors="replace") as f:
                self.count = sum("fuse_request_send:" in line for line in f)
        if os.path.isdir(self.instance):
            os.rmdir(self.instance)


def build_programs():
    say("building the release preset")
    os.makedirs(os.path.join(PROJECT, "build"), exist_ok=True)
    run("cmake", "--preset", "release", cwd=PROJECT)
    run("cmake", "--build", "--preset", "release", cwd=PROJECT)


def fuse_flags():
    return run("pkg-config", "--cflags", "--libs", "fuse3").split()


def build_passthrough(folder):
    """libfuse's example, from the source that the package of its headers carries."""
    for name in ("passthrough_ll.c", "passthrough_helpers.h"):
        source, target = os.path.join(EXAMPLES, name), os.path.join(folder, name)
        if os.path.exists(source):
            shutil.copy(source, target)
        elif os.path.exists(source + ".gz"):
            with gzip.open(source + ".gz", "rb") as packed, open(target, "wb") as out:
                shutil.copyfileobj(packed, out)
        else:
            raise SystemExit(f"bench: {source} is missing: install libfuse3-dev")
    program = os.path.join(folder, "passthrough_ll")
    run("gcc", "-O2", "-w", os.path.join(folder, "passthrough_ll.c"), "-o", program, *fuse_flags())
    return program


def build_stat(folder):
    program = os.path.join(folder, "stat")
    run("gcc", "-O2", "-D_GNU_SOURCE", os.path.join(BENCH, "stat.c"), "-o", program)
    return program


def small_files_tar(path, files, folders=FOLDERS):
    """The same tar every time: text-like files of 1 to 8 KiB."""
    rng = random.Random(42)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(2, 11))) for _ in range(2000)]
    with tarfile.open(path, "w") as tar:
        for i in range(folders):
            entry = tarfile.TarInfo(f"dir-{i:03}")
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, 1_700_000_000
            tar.addfile(entry)
        for i in range(files):
            text = " ".join(rng.choices(words, k=1600)).encode()
            entry = tarfile.TarInfo(f"dir-{i % folders:03}/file-{i:05}.txt")
            entry.size, entry.mode, entry.mtime = rng.randrange(1024, 8193), 0o644, 1_700_000_000
            tar.addfile(entry, io.BytesIO(text[: entry.size].ljust(entry.size, b"\n")))


def random_file(path, size):
    with open("/dev/urandom", "rb") as source, open(path, "wb") as out:
        for _ in range(0, size, 1 << 20):
            out.write(source.read(1 << 20))
