#!/usr/bin/python3
# The past is for those who could read it then and can now: .thule/at, tried as other users.
# options: allow_other
import errno
import os
import time

from attributes import ACCESS, GROUP as GROUP_ENTRY, GROUP_OBJ, MASK, NO_ID, OTHER, USER, USER_OBJ, access_list
from case import MNT, as_user, equal, fails, path, skip, sql, write

ALICE, BOB, GROUP, OTHER_GROUP = 65530, 65531, 65532, 65533


def acl(owner, named_user, group, named_group, mask, other):
    """A list with entries for Bob and for the other group."""
    return access_list((USER_OBJ, owner, NO_ID), (USER, named_user, BOB), (GROUP_OBJ, group, NO_ID),
                       (GROUP_ENTRY, named_group, OTHER_GROUP), (MASK, mask, NO_ID), (OTHER, other, NO_ID))


def now():
    return f"op:{sql('select max(op) from thule.op')[0][0]}"


def reads(*names):
    with open(path(*names), "rb") as f:
        return f.read()


def forgotten(name):
    """The kernel may keep a name for a second; what it names is not to be had for any time."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.stat(name)
        except PermissionError:
            return
        time.sleep(0.02)
    raise AssertionError(f"{name} can still be looked at")


def make():
    for name in ("closed", "opened", "deleted", "given", "group", "moved"):
        write(name, name.encode())
        os.chown(path(name), ALICE, GROUP)
        os.chmod(path(name), 0o644)
    os.chmod(path("opened"), 0o600)
    os.chmod(path("group"), 0o640)
    for name in ("closed-deleted", "hidden-deleted", "given-deleted"):
        write(name, name.encode())
        os.chown(path(name), ALICE, GROUP)
        os.chmod(path(name), 0o644)
    for name in ("dir", "private", "gone", "closed-gone"):
        os.mkdir(path(name))
        os.chown(path(name), ALICE, ALICE)
        write(f"{name}/file", b"inside")
    os.chmod(path("private"), 0o700)


def change():
    os.chmod(path("closed"), 0o600)
    os.chmod(path("opened"), 0o644)
    os.unlink(path("deleted"))
    os.chown(path("given"), ALICE, ALICE)
    os.chmod(path("given"), 0o640)
    os.chmod(path("dir"), 0o700)
    os.rename(path("moved"), path("private/moved"))
    os.unlink(path("gone/file"))
    os.rmdir(path("gone"))
    # Removing what is closed opens nothing.
    os.chmod(path("closed-deleted"), 0o600)
    os.unlink(path("closed-deleted"))
    os.rename(path("hidden-deleted"), path("private/hidden-deleted"))
    os.unlink(path("private/hidden-deleted"))
    os.setxattr(path("given-deleted"), ACCESS, acl(6, 0, 4, 4, 4, 4))
    os.unlink(path("given-deleted"))
    os.chmod(path("closed-gone"), 0o700)
    os.unlink(path("closed-gone/file"))
    os.rmdir(path("closed-gone"))


def check_lists():
    """Access lists of now: the group bits of the mode are their masks and say nothing of the owning group."""
    names = ("to-group", "to-bob", "from-bob", "masked", "listed-dir/file", "was-listed")
    os.mkdir(path("listed-dir"))
    for name in names:
        write(name, b"x")
        os.chown(path(name), ALICE, GROUP)
        os.chmod(path(name), 0o644)
    os.setxattr(path("was-listed"), ACCESS, acl(6, 4, 0, 4, 4, 0))
    then = now()
    past = (".thule", "at", then)
    os.setxattr(path("to-group"), ACCESS, acl(6, 0, 0, 4, 7, 0))
    os.setxattr(path("to-bob"), ACCESS, acl(6, 4, 0, 0, 4, 0))
    os.setxattr(path("from-bob"), ACCESS, acl(6, 0, 4, 4, 4, 4))
    os.setxattr(path("masked"), ACCESS, acl(6, 4, 4, 4, 0, 0))
    os.setxattr(path("listed-dir"), ACCESS, acl(7, 1, 0, 0, 1, 0))
    os.removexattr(path("was-listed"), ACCESS)
    os.chmod(path("was-listed"), 0o644)

    def bob():
        reads(*past, "to-bob")
        reads(*past, "listed-dir", "file")
        fails(errno.EACCES, os.listdir, path(*past, "listed-dir"))
        for name in ("to-group", "from-bob", "masked"):
            fails(errno.EACCES, reads, *past, name)
        reads(*past, "was-listed")

    def carol():  # by groups
        for name in ("to-group", "to-bob", "masked"):
            fails(errno.EACCES, reads, *past, name)
        reads(*past, "from-bob")

    def members():
        reads(*past, "to-group")
        fails(errno.EACCES, reads, *past, "to-bob")
        fails(errno.EACCES, reads, *past, "masked")
        reads(*past, "was-listed")

    def stranger():
        for name in ("to-group", "to-bob", "masked", "was-listed"):
            fails(errno.EACCES, reads, *past, name)
        fails(errno.EACCES, os.stat, path(*past, "listed-dir", "file"))
        reads(*past, "from-bob")

    as_user(BOB, bob)
    as_user(65534, carol, groups=[GROUP])
    as_user(65534, members, groups=[OTHER_GROUP])
    as_user(65534, stranger)
    as_user(ALICE, lambda: [reads(*past, name) for name in names if "/" not in name])


def main():
    if os.getuid() != 0:
        skip("needs root to become other users")
    os.chmod(MNT, 0o755)
    make()
    then = now()
    past = (".thule", "at", then)

    def before():
        for name in ("closed", "deleted", "given", "moved", "dir/file", "gone/file"):
            reads(*past, name)
        fails(errno.EACCES, reads, *past, "opened")
        fails(errno.EACCES, reads, *past, "private", "file")
        os.listdir(path(*past, "dir"))

    def bob():
        fails(errno.EACCES, reads, *past, "closed")
        fails(errno.EACCES, reads, *past, "opened")
        equal(b"deleted", reads(*past, "deleted"), "a deleted file")
        equal(b"inside", reads(*past, "gone", "file"), "in a deleted directory")
        for name in ("closed-deleted", "hidden-deleted", "given-deleted", "closed-gone/file"):
            fails(errno.EACCES, reads, *past, name)
        fails(errno.EACCES, os.listdir, path(*past, "closed-gone"))
        fails(errno.EACCES, reads, *past, "given")
        fails(errno.EACCES, reads, *past, "moved")
        fails(errno.EACCES, reads, *past, "group")
        fails(errno.EACCES, os.listdir, path(*past, "dir"))
        fails(errno.EACCES, reads, *past, "dir", "file")
        forgotten(path(*past, "dir", "file"))
        fails(errno.EACCES, os.listdir, path(*past, "private"))
        equal(True, "closed" in os.listdir(path(*past)), "the root is listed")

    def alice():
        for name in ("closed", "opened", "deleted", "given", "moved", "dir/file", "private/file", "closed-deleted",
                     "hidden-deleted", "given-deleted", "closed-gone/file"):
            reads(*past, name)
        os.listdir(path(*past, "dir"))

    def member():
        equal(b"group", reads(*past, "group"), "through a supplementary group")
        fails(errno.EACCES, reads, *past, "given")

    as_user(BOB, before)
    as_user(ALICE, lambda: reads(*past, "private", "file"))
    change()
    as_user(BOB, bob)
    as_user(ALICE, alice)
    as_user(BOB, bob)
    as_user(BOB, member, groups=[GROUP])
    # What root has read is in the kernel's caches, which are everybody's.
    for folder, _, names in os.walk(path(*past)):
        for name in names:
            reads(folder, name)
    as_user(BOB, bob)
    # Modes shown are those of then.
    equal(0o100644, os.stat(path(*past, "closed")).st_mode, "mode of then")
    check_lists()
    # Not committed yet, and stricter at once.
    os.chmod(path(), 0o711)
    os.chmod(path("private/moved"), 0o600)
    as_user(BOB, lambda: fails(errno.EACCES, os.listdir, path(*past)))


main()
