#!/usr/bin/env python3
"""Whom the command believes. A mount of another user names what server it likes: nothing is asked there, and no secret goes
to a server that the caller has not named."""

import os
import pwd
import socket
import struct
import subprocess
import threading

from case import MNT, equal, need_root, skip

need_root()
CASE_DIR = os.environ["CASE_DIR"]
THULE = os.environ["THULE"]
NOBODY = 65534
heard = []


def listen(directory):
    """A server of somebody's own, which asks for a password and keeps what it is told."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(directory + "/.s.PGSQL.5432")
    os.chmod(directory + "/.s.PGSQL.5432", 0o777)
    listener.listen(8)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append("connected")
                (length,) = struct.unpack("!i", connection.recv(4))
                connection.recv(length - 4)
                connection.sendall(b"R" + struct.pack("!ii", 8, 3))
                heard.append(connection.recv(1000))

    threading.Thread(target=serve, daemon=True).start()


def mount(directory, source, owner):
    """What anybody can make with fusermount3."""
    fuse = os.open("/dev/fuse", os.O_RDWR)
    os.set_inheritable(fuse, True)
    libc = __import__("ctypes").CDLL(None, use_errno=True)
    data = f"fd={fuse},rootmode=40000,user_id={owner},group_id={owner},allow_other"
    if libc.mount(source.encode(), directory.encode(), b"fuse.thulefs", 6, data.encode()):
        skip("cannot mount a FUSE filesystem by hand")
    made.append((directory, fuse))


def run(*arguments, user=None, **environment):
    return subprocess.run(
        [THULE, *arguments],
        capture_output=True,
        text=True,
        user=user,
        timeout=120,
        env={"PATH": os.environ["PATH"], "HOME": CASE_DIR, "PGPASSWORD": "sesame", **environment},
    )


made = []
fake = os.path.join(CASE_DIR, "fake")
trap = os.path.join(CASE_DIR, "trap")
os.mkdir(fake, 0o755)
os.mkdir(trap, 0o755)
listen(fake)
source = f"postgresql://u@/db?host={fake.replace('/', '%2F')}"
try:
    mount(trap, source, NOBODY)
    for arguments in (["status"], ["status", "--json"], ["status", trap], ["log", trap], ["umount", "--wait", "1", trap]):
        done = run(*arguments)
        if arguments[0] != "umount":
            equal(True, "mounted by uid 65534" in done.stdout + done.stderr, f"{arguments}: {done}")
    equal([], heard, "what the server of another user heard")
    subprocess.run(["umount", "-l", trap], capture_output=True)
    os.close(made.pop()[1])

    # Named by the caller, it is his to tell.
    mount(trap, source, NOBODY)
    run("log", trap, THULE_DB=source)
    equal(True, any(b"sesame" in h for h in heard if h != "connected"), "named by the caller")
    subprocess.run(["umount", "-l", trap])
    os.close(made.pop()[1])

    # Root's is believed by others, but has none of their secrets.
    heard.clear()
    mount(trap, source, 0)
    with open(os.path.join(CASE_DIR, ".pgpass"), "w") as f:
        f.write("*:*:*:*:sesame\n")
    os.chmod(f.name, 0o600)
    os.chown(f.name, NOBODY, NOBODY)
    run("log", trap, user=NOBODY)
    equal(True, "connected" in heard, "root's mount is believed")
    equal(False, any(b"sesame" in h for h in heard if h != "connected"), "secrets of another user")
finally:
    for directory, fuse in made:
        subprocess.run(["umount", "-l", directory])
        os.close(fuse)


def squatted():
    """A long THULE_HOME has its socket in /tmp, where somebody else may have been before."""
    home = os.path.join(CASE_DIR, "h" * 100)
    os.mkdir(home, 0o700)
    os.chown(home, NOBODY, NOBODY)
    h = 0xCBF29CE484222325
    for byte in home.encode():
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    place = f"/tmp/thule-{NOBODY}-{h:016x}"
    for make in (
        lambda: os.mkdir(place, 0o755),
        lambda: os.symlink(fake, place),
        lambda: (os.mkdir(place), os.chown(place, NOBODY, NOBODY), os.chmod(place, 0o777)),
    ):
        make()
        try:
            heard.clear()
            if not os.path.islink(place):
                listen(place)
            done = run("mount", MNT, user=NOBODY, THULE_HOME=home, XDG_RUNTIME_DIR="")
            equal(True, "is not a directory of its own" in done.stderr, f"{done}")
            equal([], [h for h in heard if h != "connected"], "what the squatter heard")
        finally:
            if os.path.islink(place):
                os.unlink(place)
            else:
                subprocess.run(["rm", "-rf", place])


subprocess.run(["fusermount3", "-u", MNT], check=True)
os.chmod(MNT, 0o777)
squatted()
