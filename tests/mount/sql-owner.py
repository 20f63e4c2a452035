#!/usr/bin/python3
# options: allow_other
"""Whose a file is, the kernel decides by the owner that it knows. Once SQL or an undo has given a file to somebody else, who had it may no longer change or
remove it, also where nothing has asked for its attributes since."""

import errno
import os
import subprocess
import time

from case import as_user, equal, fails, need_root, path, sql

USER = 12345


def made():
    for name in ("file", "kept"):
        with open(path("d", name), "w", encoding="ascii") as f:
            f.write("theirs")
    os.mkdir(path("d", "directory"))


def known(*names):
    for name in names:
        equal(USER, os.stat(path("d", name)).st_uid, f"owner of {name}")


def told():
    """The kernel is told some ms after the commit. To ask for anything of the files would be to tell it."""
    time.sleep(0.5)


def refused(*names):
    for name in names:
        fails(errno.EPERM, os.chmod, path("d", name), 0o600)
        fails(errno.EPERM, os.utime, path("d", name), (1, 1))
        fails(errno.EPERM, os.rename, path("d", name), path("d", "new"))
    for name in names:
        fails(errno.EPERM, os.rmdir if name == "directory" else os.unlink, path("d", name))


def chmod(*names):
    for name in names:
        os.chmod(path("d", name), 0o700)


need_root()
os.mkdir(path("d"))
os.chmod(path("d"), 0o1777)
as_user(USER, made)
as_user(USER, lambda: known("file", "directory"))
sql("select thule.chown('/d/file', 0, 0), thule.chown('/d/directory', 0, 0)")
told()
as_user(USER, lambda: refused("file", "directory"))
sql(f"update thule.file set uid = {USER} where path like '/d/%'")
told()
as_user(USER, lambda: chmod("file", "directory"))

# Given to them by a process whose change is undone.
os.chown(path("d", "kept"), 0, 0)
giver = subprocess.Popen(["chown", str(USER), path("d", "kept")])
equal(0, giver.wait(), "chown")
as_user(USER, lambda: known("kept"))
subprocess.run([os.environ["THULE"], "undo", "--pid", str(giver.pid), "--quiet"], cwd=path(), stdout=subprocess.DEVNULL, check=True)
told()
as_user(USER, lambda: refused("kept"))
