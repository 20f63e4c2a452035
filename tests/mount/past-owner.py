#!/usr/bin/python3
# -o past=owner: what is gone, and versions that ended, are for their owner and root; what is as it was is for whoever may read it.
# db: private
# options: allow_other,past=owner
import errno
import os
import subprocess

from case import MNT, as_user, equal, fails, need_root, path, sql, write
from visitor import run

ALICE, BOB, GROUP = 65530, 65531, 65532
NAMES = ("same", "changed", "closed", "given", "gone", "renamed", "dir/same", "gone-dir/inside")


def now():
    return f"op:{sql('select max(op) from thule.op')[0][0]}"


def reads(name):
    with open(name, "rb") as f:
        return f.read()


def make():
    os.chmod(MNT, 0o755)
    for folder in ("dir", "gone-dir", "his"):
        os.mkdir(path(folder))
        os.chown(path(folder), ALICE if folder != "his" else BOB, GROUP)
    for name in NAMES:
        write(name, name.encode())
        os.setxattr(path(name), "user.a", b"of then")
        os.chown(path(name), ALICE, GROUP)
        os.chmod(path(name), 0o644)
    os.symlink("same", path("link"))
    os.lchown(path("link"), ALICE, GROUP)


def change():
    write("changed", b"of now")
    os.chmod(path("closed"), 0o600)
    os.chown(path("given"), BOB, GROUP)
    for name in ("gone", "link", "gone-dir/inside"):
        os.unlink(path(name))
    os.rmdir(path("gone-dir"))
    os.rename(path("renamed"), path("his/renamed"))
    write("dir/new", b"new")


def check(top, then):
    """What Alice, Bob and root have of it; root first, whose look is in the kernel's caches."""
    at = lambda *names: os.path.join(top, *names)  # noqa: E731

    def root():
        for folder, _, names in os.walk(top):
            for name in names:
                os.stat(os.path.join(folder, name), follow_symlinks=False)
        for name in NAMES:
            equal(name.encode(), reads(at(name)), f"root reads {name}")
        equal("same", os.readlink(at("link")), "root reads a link")

    def bob():
        for name in ("same", "dir/same"):
            equal(name.encode(), reads(at(name)), f"Bob reads {name}, which is as it was")
        for name in ("changed", "closed", "given", "gone", "renamed", "gone-dir"):
            fails(errno.EACCES, os.stat, at(name))
            fails(errno.EACCES, os.open, at(name), os.O_RDONLY)
            fails(errno.EACCES, os.getxattr, at(name), "user.a")
        fails(errno.EACCES, os.stat, at("gone-dir", "inside"))
        fails(errno.EACCES, os.readlink, at("link"))
        # Names of then are what a directory was then.
        fails(errno.EACCES, os.listdir, at())
        fails(errno.EACCES, os.listdir, at("dir"))
        fails(errno.ENOENT, os.stat, at("never"))

    def alice():
        for name in ("same", "changed", "closed", "gone", "dir/same", "gone-dir/inside", "renamed"):
            equal(name.encode(), reads(at(name)), f"Alice reads {name}")
        equal(b"of then", os.getxattr(at("changed"), "user.a"), "an attribute")
        equal("same", os.readlink(at("link")), "a link")
        equal(["inside"], os.listdir(at("gone-dir")), "a directory that is gone")
        equal(["same"], os.listdir(at("dir")), "a directory as it was")
        # It was hers then and is his now: nobody's but root's.
        fails(errno.EACCES, os.stat, at("given"))
        fails(errno.EACCES, os.listdir, at())

    for _ in range(2):
        root()
        as_user(BOB, bob)
        as_user(ALICE, alice)


def door(uid, name, then):
    """What `thule cat` says to a user who asks the daemon, or None: it is refused."""
    done = run(uid, "cat", path(name), "--at", then)
    return done.stdout if done.returncode == 0 else None


def check_door(then):
    for name in ("same", "dir/same"):
        equal(name.encode(), door(BOB, name, then), f"Bob asks for {name}")
    for name in ("changed", "closed", "given", "gone", "gone-dir/inside"):
        equal(None, door(BOB, name, then), f"Bob asks for {name}")
    for name in ("same", "changed", "gone", "gone-dir/inside"):
        equal(name.encode(), door(ALICE, name, then), f"Alice asks for {name}")
    equal(None, door(ALICE, "given", then), "Alice asks for what she gave away")


def main():
    need_root()
    make()
    then = now()
    top = path(".thule", "at", then)
    # All is as it was.
    as_user(BOB, lambda: [equal(name.encode(), reads(os.path.join(top, name)), name) for name in NAMES])
    change()
    check(top, then)
    check_door(then)
    # The present is not concerned.
    as_user(BOB, lambda: equal(b"of now", reads(path("changed")), "of now"))
    other = os.path.join(os.environ["CASE_DIR"], "at")
    os.mkdir(other)
    command = [os.environ["THULEFS"], os.environ["THULE_SOURCE"], other, "-o"]
    wrong = subprocess.run([*command, "past=mine"], stderr=subprocess.PIPE, text=True, check=False)
    equal((2, True), (wrong.returncode, "past takes one of all, owner" in wrong.stderr), f"past=mine: {wrong.stderr}")
    for option in ("past=owner", "past=all"):
        subprocess.run([*command, f"at={then},{option}"], check=True, stdout=subprocess.DEVNULL)
        try:
            if option == "past=owner":
                check(other, then)
            else:
                as_user(BOB, lambda: equal(b"gone", reads(os.path.join(other, "gone")), "to all who could read it"))
                as_user(BOB, lambda: os.listdir(other))
        finally:
            subprocess.run([os.environ["THULE"], "umount", other], check=True, stdout=subprocess.DEVNULL)


main()
