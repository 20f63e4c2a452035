#!/usr/bin/python3
# A server that stands still, or is started again, while bytes are asked for ahead: who reads waits, can be killed meanwhile, and gets the
# right bytes in the end, as do the others.
# db: private
import json
import os
import random
import signal
import subprocess
import sys

from case import MNT, equal, path, remount, shell, write
from other import eventually
from stopped import StoppedServer

MIB = 1 << 20
READ = "import sys; sys.exit(open(sys.argv[1], 'rb').read() != open(sys.argv[2], 'rb').read())"


def reader(copy):
    return subprocess.Popen([sys.executable, "-c", READ, path("big"), copy])


def waiting():
    done = subprocess.run([os.environ["THULE"], "status", MNT, "--requests", "--json"], stdout=subprocess.PIPE, check=True)
    return any(r["waits_for"] == "data" for r in json.loads(done.stdout)["requests"])


def main():
    copy = os.path.join(os.environ["CASE_DIR"], "copy")
    data = random.Random(5).randbytes(16 * MIB)
    write("big", data)
    with open(copy, "wb") as f:
        f.write(data)
    remount()
    fd = os.open(path("big"), os.O_RDONLY | os.O_DIRECT)
    for off in range(0, MIB, 131072):
        equal(data[off:off + 131072], os.pread(fd, 131072, off), f"the bytes at {off}")
    os.close(fd)
    with StoppedServer():
        killed, patient = reader(copy), reader(copy)
        eventually("a read that waits", waiting)
        killed.send_signal(signal.SIGKILL)
        equal(-signal.SIGKILL, killed.wait(30), "how the killed reader ended")
        equal(None, patient.poll(), "the other reader")
    equal(0, patient.wait(60), "the reader that waited")
    remount()
    readers = [reader(copy) for _ in range(3)]
    shell("restart_db")
    equal([0, 0, 0], [r.wait(90) for r in readers], "readers during a restart")


main()
