"""Other users of root's mount, who know nothing of its database."""

import json
import os
import subprocess

from case import MNT, equal, path

ALICE, BOB, STAFF = 65530, 65531, 65532
THULE = os.environ["THULE"]


def run(uid, *arguments, groups=(), **named):
    """The command, run by that user in the mount."""
    return subprocess.run(
        [THULE, *arguments], user=uid, group=uid, extra_groups=list(groups), stdin=subprocess.DEVNULL, capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, cwd=MNT, check=False, timeout=120, **named)


def thule(uid, *arguments, groups=(), status=0):
    """What the command prints, on stderr where it is to fail."""
    done = run(uid, *arguments, groups=groups)
    equal(status, done.returncode, f"status of thule {arguments} as {uid}, which said {done.stderr!r}")
    return (done.stderr if status else done.stdout).decode()


def log(uid, *arguments, **named):
    return json.loads(thule(uid, "log", "--json", *arguments, **named))


def contains(word, text, what):
    if word not in text:
        raise AssertionError(f"{what}: no {word!r} in {text!r}")


def lacks(word, text, what):
    if word in text:
        raise AssertionError(f"{what}: {word!r} in {text!r}")


def sh(uid, script, *arguments):
    """A shell script of that user in the mount."""
    subprocess.run(["sh", "-ec", script, "sh", *arguments], user=uid, group=uid, extra_groups=[], cwd=MNT, check=True)


def homes():
    """A folder for each of them, and one that is closed to both."""
    os.chmod(MNT, 0o755)
    for name, owner in (("alice", ALICE), ("bob", BOB)):
        os.mkdir(path(name))
        os.chown(path(name), owner, owner)
    os.mkdir(path("closed"), 0o700)
