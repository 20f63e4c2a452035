#!/usr/bin/env python3
"""What is mounted on is what was checked: a directory that is replaced by a link in between leads no mount elsewhere."""
# mount: no

import os
import subprocess
import threading
from socket import AF_UNIX, SHUT_WR, socket

from case import equal, need_root

need_root()
CASE_DIR = os.environ["CASE_DIR"]
good, victim, moved = (os.path.join(CASE_DIR, n) for n in ("good", "victim", "moved"))
front = os.path.join(CASE_DIR, "front")
for directory in (good + "/at", victim + "/at", front):
    os.makedirs(directory)
name = "/.s.PGSQL." + os.environ.get("PGPORT", "5432")
listener = socket(AF_UNIX)
listener.bind(front + name)
listener.listen(64)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(SHUT_WR)
    except OSError:
        pass


def serve():
    """The daemon connects once it has checked the mount point, and before it mounts."""
    while True:
        client, _ = listener.accept()
        if not os.path.islink(good):
            os.rename(good, moved)
            os.symlink(victim, good)
        server = socket(AF_UNIX)
        server.connect(os.environ["PGHOST"] + name)
        for pair in ((client, server), (server, client)):
            threading.Thread(target=copy, args=pair, daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
source = f"host={front} port={os.environ.get('PGPORT', '5432')} user={os.environ['PGUSER']} dbname={os.environ['CASE_DB']}"
try:
    done = subprocess.run([os.environ["THULE"], "mount", source, good + "/at"], capture_output=True, text=True)
    equal(victim, os.readlink(good), "the directory, by now")
    equal(False, os.path.ismount(victim + "/at"), "mounted where the link leads")
    equal(True, "was moved or replaced" in done.stderr, f"told: {done}")
    equal(False, os.path.ismount(moved + "/at"), "mounted where nobody looks for it")
finally:
    subprocess.run(["umount", "-l", moved + "/at", victim + "/at"], capture_output=True)
