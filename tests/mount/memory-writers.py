#!/usr/bin/python3
# Five hundred writers of 1 MiB that wait for the database take no more of the daemon's memory than its budget; meanwhile it goes on to answer
# from memory, and those who are killed are gone. What the others wrote is there, once.
# db: private
# transport: uring
import os
import signal
import subprocess
import sys
import time

from case import MNT, equal, need_root, path, shell, sql
from other import eventually
from stopped import StoppedServer

MIB = 1 << 20
SANITIZED = "THULE_SANITIZED" in os.environ
WRITERS = 200 if SANITIZED else 500
KILLED = 20
WRITE = """
import os, sys, threading
first, last = int(sys.argv[1]), int(sys.argv[2])
files = [os.open(f"files/{i}", os.O_WRONLY) for i in range(first, last)]
def write(i, fd):
    block = f"{i:7}\\n".encode() * (1 << 17)
    if os.write(fd, block) != len(block):
        os._exit(3)
threads = [threading.Thread(target=write, args=(first + n, fd)) for n, fd in enumerate(files)]
print("ready", flush=True)
sys.stdin.readline()
for t in threads:
    t.start()
print("started", flush=True)
for t in threads:
    t.join()
"""


def resident():
    """Bytes of the daemon that are no file's."""
    with open(f"/proc/{shell('daemon_pid')}/status", encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("RssAnon:")).split()[1]) * 1024


def writers(first, last):
    process = subprocess.Popen([sys.executable, "-c", WRITE, str(first), str(last)], cwd=MNT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    equal("ready\n", process.stdout.readline(), "what the writers say")
    return process


def begin(process):
    """All that can be written at once has been, and each thread that is left waits in a request."""
    process.stdin.write("go\n")
    process.stdin.flush()
    equal("started\n", process.stdout.readline(), "what the writers say then")

    def seen():
        stacks = []
        for task in os.listdir(f"/proc/{process.pid}/task"):
            if task != str(process.pid):
                try:
                    with open(f"/proc/{process.pid}/task/{task}/stack", encoding="ascii") as f:
                        stacks.append("fuse" in f.read())
                except FileNotFoundError:  # written, and ended
                    return False
        return all(stacks)
    eventually("writers that all wait", seen)


def main():
    need_root()
    os.mkdir(path("files"))
    for i in range(WRITERS):
        with open(path("files", str(i)), "wb"):
            pass
    os.sync()
    killed, others = writers(0, KILLED), writers(KILLED, WRITERS)
    before = resident()
    with StoppedServer():
        begin(others)
        begin(killed)
        # Longer than what is counted may take to be put away.
        waiting = len(os.listdir(f"/proc/{others.pid}/task")) - 1
        print(f"{waiting} of {WRITERS} writers wait, and {KILLED} that are killed")
        equal(True, waiting > WRITERS // 2, f"{waiting} of {WRITERS} writers wait")
        peak = max(resident() for _ in range(20) if time.sleep(0.05) is None)
        print(f"{peak // MIB} MiB, {before // MIB} before")
        if not SANITIZED:
            equal((True, True), (peak < 256 * MIB, peak - before < 128 * MIB), f"{peak // MIB} MiB with {WRITERS} writers, {before // MIB} before")
        equal(0, os.stat(path("files", "0")).st_size, "size of a file that waits to be written")
        killed.kill()
        equal(-signal.SIGKILL, killed.wait(timeout=120), "how writers ended that were killed")
    equal(0, others.wait(timeout=240), "how the others ended")
    for i in range(KILLED, WRITERS):
        with open(path("files", str(i)), "rb") as f:
            equal(f"{i:7}\n".encode() * (1 << 17), f.read(), f"content of file {i}")
    sizes = {os.stat(path("files", str(i))).st_size for i in range(KILLED)}
    equal(True, sizes <= {0, MIB}, f"sizes {sizes} of files whose writers were killed")
    equal([], sql("select * from thule.fsck"), "findings of fsck")


main()
