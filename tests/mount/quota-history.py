#!/usr/bin/python3
# The past of a user's files has a limit of its own: whatever way it is made, by overwriting, cutting off, removing or
# attributes, it ends; removing goes on, others and root go on, and pruning gives it back.
# options: allow_other
import errno
import json
import os
import subprocess

from case import MNT, as_user, equal, need_root, path, remount, sql

THULE = os.environ["THULE"]
ADA, BOB = 61001, 61002
PIECE = 100_000
LIMIT = 1_000_000


def thule(*arguments):
    done = subprocess.run([THULE, *arguments], cwd=MNT, capture_output=True, text=True, check=False)
    equal(0, done.returncode, f"thule {arguments}: {done.stderr}")
    return done.stdout


def past():
    row = next(q for q in json.loads(thule("quota", "list", "--json")) if q["name"] == str(ADA))
    equal(LIMIT, row["history_limit"], "the limit")
    return row["history_bytes"]


def prune():
    thule("prune", "--keep", "0s")
    equal(0, past(), "what a prune leaves")


def until_full(what, step, most):
    """Calls step, which makes PIECE bytes past each time, until there is no room for more."""
    for i in range(most):
        try:
            step(i)
        except OSError as e:
            equal(errno.EDQUOT, e.errno, what)
            return i
    raise AssertionError(f"{what}: {most} times and no end")


def overwrite(_):
    fd = os.open("file", os.O_WRONLY)
    try:
        os.pwrite(fd, b"y" * PIECE, 0)
    finally:
        os.close(fd)


def cut_off(_):
    with open("cut", "wb", buffering=0) as f:
        f.write(b"z" * PIECE)


def remove(i):
    with open(f"gone{i}", "wb", buffering=0) as f:
        try:
            f.write(b"r" * PIECE)
        finally:
            os.unlink(f"gone{i}")


def attribute(i):
    os.setxattr("file", "user.a", bytes([i % 256]) * 50_000)
    os.removexattr("file", "user.a")
    os.setxattr("file", "user.a", bytes([i % 256]) * 50_000)


def as_ada(function):
    def run():
        os.chdir(path("ada"))
        function()

    as_user(ADA, run)


def way(what, step, first, most):
    """The past grows to the limit and by no more than what was there when it got there."""
    if first:
        as_ada(first)
    prune()
    as_ada(lambda: until_full(what, step, most))
    grown = past()
    if not LIMIT - 2 * PIECE <= grown <= LIMIT + 2 * PIECE:
        raise AssertionError(f"{what}: {grown} bytes are past")
    remount()
    equal(grown, past(), f"{what}: after a mount")
    # The rest is as it was: reading, removing, and what others do.
    as_ada(lambda: equal(1, until_full(what, lambda i: None if i == 0 else step(i), 3), f"{what}: again"))
    prune()
    as_ada(lambda: step(0))


def fill():
    with open("file", "wb") as f:
        f.write(b"x" * PIECE)


need_root()
os.mkdir(path("ada"))
os.chmod(path("ada"), 0o777)
thule("quota", "set", "--user", str(ADA), "--history-bytes", str(LIMIT))
way("overwriting", overwrite, fill, 12)
way("cutting off", cut_off, None, 13)
way("removing", remove, None, 13)
way("attributes", attribute, None, 13)

# At the limit nobody else is held up, nor does root need to care, nor is anything kept from going.
as_ada(lambda: until_full("to the limit", overwrite, 12))
overwritten = path("ada", "file")
with open(overwritten, "r+b", buffering=0) as f:
    f.write(b"root")


def bob():
    os.chdir(path("ada"))
    with open("bobs", "wb", buffering=0) as f:
        f.write(b"1" * PIECE)
        f.seek(0)
        f.write(b"2" * PIECE)


as_user(BOB, bob)
as_ada(lambda: (os.truncate("file", 10), os.unlink("file")))
equal([[str(past())]], sql(f"""select sum(e.bytes) from (select ino, len as bytes from thule.extent_history
    union all select ino, octet_length(value) from thule.xattr_history) e
    where (select uid from thule.inode_history v where v.ino = e.ino order by op_from desc limit 1) = {ADA}"""), "the sum")
thule("quota", "set", "--user", str(ADA), "--history-bytes", "none", "--files", "1000")
as_ada(lambda: [cut_off(i) for i in range(15)])
