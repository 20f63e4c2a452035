#!/usr/bin/python3
# How requests come, and what is said of it: io_uring where it can be had, else /dev/fuse with the reason and what to do about it; asked for and
# not to be had, it is an error. On io_uring more may wait than there are places for, and those who do not wait go on.
# db: private
# mount: no
import ctypes
import json
import os
import signal
import struct
import subprocess
import sys

from case import MNT, equal, need_root, path, shell
from other import eventually
from stopped import StoppedServer

THULE, THULEFS, HOME = os.environ["THULE"], os.environ["THULEFS"], os.environ["CASE_DIR"]
SWITCH = "/sys/module/fuse/parameters/enable_uring"
HERE = os.path.exists(SWITCH) and open(SWITCH, encoding="ascii").read() == "Y\n"
SYNCS = 300
libc = ctypes.CDLL(None, use_errno=True)


def run(*words, shown=None, **more):
    """Runs a command where the kernel's switch shows as it is said; None: as it is."""
    if shown is not None:
        name = os.path.join(HOME, "switch")
        with open(name, "w", encoding="ascii") as f:
            f.write(shown)
        subprocess.run(["mount", "--bind", name, SWITCH], check=True)
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, **more)
    finally:
        if shown is not None:
            subprocess.run(["umount", SWITCH], check=True)


def status():
    done = run(THULE, "status", "--json", MNT)
    equal(0, done.returncode, f"status: {done.stderr}")
    said = json.loads(done.stdout)
    text = run(THULE, "status", MNT).stdout
    line = next(line.split(None, 1)[1] for line in text.splitlines() if line.split(None, 1)[0] == "transport")
    equal("; ".join(filter(None, (said["transport"], said["transport_why"]))), line, "what status prints and what it says in JSON")
    return said["transport"], said["transport_why"]


def mounted(transport, expected, why, **more):
    """Mounts, is used, says what it should."""
    done = run(THULE, "mount", MNT, "--options", f"transport={transport}", **more)
    equal(0, done.returncode, f"mount with transport={transport}: {done.stderr}")
    with open(path("file"), "wb") as f:
        f.write(b"x" * 300_000)
    with open(path("file"), "rb") as f:
        equal(300_000, len(f.read()), "what was read")
    name, said = status()
    equal(expected, name, f"transport of transport={transport}")
    equal(True, why in said if why else said is None, f"why: {said}, not {why}")
    equal(0, run(THULE, "umount", MNT).returncode, "umount")


def refused(why, **more):
    done = run(THULEFS, "private", MNT, "-o", "transport=uring", **more)
    equal(True, done.returncode != 0 and "cannot mount with transport=uring" in done.stderr and why in done.stderr,
          f"transport=uring where it cannot be had: {done.returncode} {done.stderr}")


def without_io_uring():
    """As the seccomp profile of a container does: io_uring_setup(2) is EPERM."""
    load, jump, give = 0x20, 0x15, 0x06
    code = [(load, 0, 0, 0), (jump, 0, 1, 425), (give, 0, 0, 0x00050001), (give, 0, 0, 0x7FFF0000)]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(filters)))
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    if libc.prctl(22, 2, program, 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "seccomp")


def fallbacks():
    mounted("dev", "dev", None)
    if os.path.exists(SWITCH):
        mounted("auto", "dev", "echo Y | sudo tee " + SWITCH, shown="N\n")
        refused("io_uring is off in the kernel", shown="N\n")
    if HERE:
        mounted("auto", "uring", None)
        mounted("uring", "uring", None)
        mounted("uring,threads=1", "uring", None)
        mounted("auto", "dev", "io_uring is refused here", preexec_fn=without_io_uring)
        refused("io_uring is refused here", preexec_fn=without_io_uring)
    elif os.path.exists(SWITCH):
        # The kernel has the last word.
        mounted("uring", "dev", "the kernel", shown="Y\n")
    else:
        mounted("auto", "dev", "no FUSE over io_uring")


SYNC = f"""
import os, sys, threading
files = [os.open(f"{MNT}/sync{{i}}", os.O_RDWR | os.O_CREAT) for i in range({SYNCS})]
for fd in files:
    os.write(fd, b"x")
print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=os.fsync, args=(fd,)) for fd in files]
for t in threads:
    t.start()
for t in threads:
    t.join()
"""


def waiting():
    done = run(THULE, "status", "--requests", "--json", MNT)
    return len(json.loads(done.stdout)["requests"])


def crowd():
    """Far more wait than there are places in the queues at first. Others go on, the killed end, all are answered."""
    os.environ["THULE_TEST_OPTIONS"] = "transport=uring"
    shell("mount_fs")
    with open(path("cached"), "wb"):
        pass
    process = subprocess.Popen([sys.executable, "-c", SYNC], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    equal("ready\n", process.stdout.readline(), "what it says")
    victim = subprocess.Popen([sys.executable, "-c", SYNC.replace("sync{", "other{")], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    equal("ready\n", victim.stdout.readline(), "what the other says")
    with StoppedServer():
        for each in (process, victim):
            each.stdin.write("go\n")
            each.stdin.flush()
        eventually("all wait", lambda: waiting() >= 2 * SYNCS)
        for cpu in os.sched_getaffinity(0):
            os.sched_setaffinity(0, {cpu})
            for _ in range(20):
                os.statvfs(MNT)
                os.setxattr(path("cached"), "user.a", b"b")
        os.sched_setaffinity(0, range(os.cpu_count()))
        victim.kill()
        equal(-signal.SIGKILL, victim.wait(timeout=120), "how one ended that was killed")
    equal(0, process.wait(timeout=120), "how the others ended")
    shell("umount_fs")


def main():
    need_root()
    if "IN_NAMESPACE" not in os.environ:
        os.environ["IN_NAMESPACE"] = "yes"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    fallbacks()
    if HERE:
        crowd()


main()
