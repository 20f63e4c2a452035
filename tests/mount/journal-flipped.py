#!/usr/bin/python3
# A bit of the journal that a killed daemon has left changes: the next mount is refused, names the file and loses nothing; with the bit as it was,
# all is there.
# db: private
# labels: long
import os
import subprocess

from case import MNT, equal, path, read, shell
from stopped import StoppedServer

SECRET = b"these bytes are acknowledged, and not committed yet"


def flip(name, at):
    with open(name, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ 4]))


def journal():
    """The file that has the bytes, and where."""
    listed = subprocess.run([os.environ["THULE"], "journal", "list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for name in [word for word in listed.split() if word.startswith("/") and os.path.isfile(word)]:
        with open(name, "rb") as f:
            at = f.read().find(SECRET)
        if at >= 0:
            return name, at
    raise AssertionError(f"no journal has the bytes: {listed}")


def main():
    fd = os.open(path("file"), os.O_WRONLY | os.O_CREAT)
    os.write(fd, b"before")
    os.fsync(fd)
    with StoppedServer():
        os.pwrite(fd, SECRET, 0)
        os.close(fd)
        shell("kill_daemon")
    name, at = journal()
    flip(name, at + 7)
    done = subprocess.run([os.environ["THULEFS"], os.environ["THULE_SOURCE"], MNT, "-f"], stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    equal(True, done.returncode != 0 and "is damaged after op:" in done.stderr and name in done.stderr, f"what a mount says: {done.stderr}")
    shown = subprocess.run([os.environ["THULE"], "journal", "show", name], capture_output=True, text=True, check=False)
    equal((1, True), (shown.returncode, "is damaged" in shown.stderr), f"thule journal show: {shown}")
    flip(name, at + 7)
    shell("mount_fs")
    equal(SECRET, read("file"), "what was acknowledged")


main()
