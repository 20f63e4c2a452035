"""What the bench needs beside the programs: commands, conditions, and looks at the machine."""

import contextlib
import os
import signal
import subprocess
import sys
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BENCH = os.path.join(PROJECT, "tests", "bench")
MANIFEST = os.path.join(PROJECT, "tests", "lib", "manifest")


class Failure(Exception):
    """Something that could not be measured, in a sentence."""


class Skip(Exception):
    """Something that this machine does not have, in a sentence."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def own_namespace():
    """Goes on in a mount namespace of its own, where that can be made: others are copies of whatever is mounted, and keep it alive."""
    mark = "THULE_TEST_NAMESPACE"
    if mark not in os.environ and subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.environ[mark] = "own"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B", *sys.argv])


def kill_group(process):
    """Ends a command with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(*command, accept=(0,), **options):
    """Runs a command to its end and returns what it printed. Its failure is a Failure, with its message.

    The command is a process group of its own, so that nothing of it is left when the bench is interrupted.
    """
    options = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    with subprocess.Popen(command, text=True, stderr=subprocess.PIPE, start_new_session=True, **options) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            kill_group(process)
            raise
    if process.returncode not in accept:
        words = " ".join(command)
        message = err.strip() or (out or "").strip() or f"exit status {process.returncode}"
        raise Failure(f"{words[:200]}: {message}")
    return out


def shell(script, *arguments, **options):
    """Runs a line of bash, in which a part of a pipe that fails is a failure."""
    return run("bash", "-c", f"set -o pipefail; {script}", "bash", *arguments, **options)


def wait_until(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
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


def free_bytes(folder):
    at = os.statvfs(folder)
    return at.f_bavail * at.f_frsize


def need_machine():
    """What no workload can do without."""
    if os.getuid() != 0:
        raise Failure("needs root, for loop devices and cold caches: run it with sudo")
    if not os.path.exists("/dev/fuse"):
        raise Failure("/dev/fuse is missing, so nothing can be mounted: load the fuse module (modprobe fuse), or give the"
                      " container the device (docker run --device /dev/fuse --cap-add SYS_ADMIN)")
    try:
        run("losetup", "--find")
    except (Failure, FileNotFoundError) as error:
        raise Failure(f"there is no loop device, on which ext4 is measured: load the module (modprobe loop), or give the"
                      f" container its devices (docker run --privileged): {error}") from error
    if not os.access("/proc/sys/vm/drop_caches", os.W_OK):
        raise Failure("the kernel's caches cannot be dropped, since /proc/sys is read-only here: run it outside of the"
                      " container, or with --privileged")


def need_space(folder, size, what):
    free = free_bytes(folder)
    if free < size:
        raise Failure(f"{what} needs {size / 1e9:.1f} GB free in {folder}, which has {free / 1e9:.1f} GB: choose another"
                      " folder with --scratch, or smaller sizes with --size")


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
