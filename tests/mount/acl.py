#!/usr/bin/python3
# POSIX access control lists: enforced, inherited, in step with permission bits and umask.
# options: allow_other
# transport: uring
import errno
import os
import stat
import struct

from case import as_user, equal, fails, path, read, remount, write

ADA, BOB, GROUP, OTHER_GROUP = 65530, 65531, 65532, 65533
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
USER_OBJ, USER, GROUP_OBJ, GROUP_OF, MASK, OTHER = 1, 2, 4, 8, 16, 32
NO_ID = 0xFFFFFFFF


def acl(*entries):
    """The bytes of a list of (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def named(owner, user, group, mask, other, uid=ADA):
    return acl((USER_OBJ, owner, NO_ID), (USER, user, uid), (GROUP_OBJ, group, NO_ID), (MASK, mask, NO_ID),
               (OTHER, other, NO_ID))


def minimal(owner, group, other):
    return acl((USER_OBJ, owner, NO_ID), (GROUP_OBJ, group, NO_ID), (OTHER, other, NO_ID))


def bits(name):
    return oct(stat.S_IMODE(os.stat(path(name)).st_mode))


def check_enforced():
    write("f", b"secret")
    os.chmod(path("f"), 0o600)
    as_user(ADA, lambda: fails(errno.EACCES, read, "f"))
    before = os.stat(path("f")).st_ctime_ns
    os.setxattr(path("f"), ACCESS, named(6, 6, 0, 6, 0))
    equal("0o660", bits("f"), "the group bits show the mask")
    equal(True, os.stat(path("f")).st_ctime_ns > before, "ctime moved")
    as_user(ADA, lambda: write("f", b"by ada"))
    as_user(BOB, lambda: fails(errno.EACCES, read, "f"))
    # The owning group is not who the group bits speak of now.
    os.chown(path("f"), 0, GROUP)
    as_user(BOB, lambda: fails(errno.EACCES, read, "f"), groups=(GROUP,))
    os.setxattr(path("f"), ACCESS, acl((USER_OBJ, 6, NO_ID), (GROUP_OBJ, 0, NO_ID), (GROUP_OF, 4, OTHER_GROUP),
                                       (MASK, 4, NO_ID), (OTHER, 0, NO_ID)))
    as_user(BOB, lambda: read("f"), groups=(OTHER_GROUP,))
    as_user(BOB, lambda: fails(errno.EACCES, write, "f", b"no"), groups=(OTHER_GROUP,))
    equal(b"by ada", read("f"), "content")


def check_chmod():
    os.setxattr(path("f"), ACCESS, named(6, 6, 4, 6, 0))
    os.chmod(path("f"), 0o640)
    equal(named(6, 6, 4, 4, 0), os.getxattr(path("f"), ACCESS), "chmod sets the mask")
    as_user(ADA, lambda: read("f"))
    as_user(ADA, lambda: fails(errno.EACCES, write, "f", b"no"))
    # A list that says no more than the bits becomes bits.
    os.setxattr(path("f"), ACCESS, minimal(6, 4, 4))
    equal("0o644", bits("f"), "bits of a minimal list")
    fails(errno.ENODATA, os.getxattr, path("f"), ACCESS)
    os.setxattr(path("f"), ACCESS, named(6, 6, 4, 6, 0))
    os.removexattr(path("f"), ACCESS)
    fails(errno.ENODATA, os.getxattr, path("f"), ACCESS)


def check_inherited():
    os.mkdir(path("d"))
    default = named(7, 7, 5, 7, 5)
    os.setxattr(path("d"), DEFAULT, default)
    os.umask(0o077)  # which a default list overrules
    write("d/file", b"")
    os.mkdir(path("d", "sub"))
    fd = os.open(path("d"), os.O_TMPFILE | os.O_WRONLY, 0o666)
    os.symlink("x", path("d", "link"))
    equal(("0o664", "0o775"), (bits("d/file"), bits("d/sub")), "bits of what was made")
    equal(named(6, 7, 5, 6, 4), os.getxattr(path("d", "file"), ACCESS), "list of a file")
    equal(named(6, 7, 5, 6, 4), os.getxattr(fd, ACCESS), "list of a file without a name")
    equal(default, os.getxattr(path("d", "sub"), ACCESS), "list of a directory")
    equal(default, os.getxattr(path("d", "sub"), DEFAULT), "default list of a directory")
    fails(errno.ENODATA, os.getxattr, path("d", "file"), DEFAULT)
    fails(errno.EOPNOTSUPP, os.getxattr, path("d", "link"), ACCESS, follow_symlinks=False)
    os.close(fd)
    os.setxattr(path("d"), DEFAULT, minimal(7, 5, 1))
    write("d/plain", b"")
    equal("0o640", bits("d/plain"), "bits under a minimal default list")
    fails(errno.ENODATA, os.getxattr, path("d", "plain"), ACCESS)
    os.removexattr(path("d"), DEFAULT)
    write("d/masked", b"")
    equal("0o600", bits("d/masked"), "the umask counts where there is no default list")
    os.umask(0o022)


def check_errors():
    fails(errno.EACCES, os.setxattr, path("f"), DEFAULT, minimal(7, 5, 5))
    fails(errno.EINVAL, os.setxattr, path("f"), ACCESS, acl((USER_OBJ, 7, NO_ID)))
    fails(errno.EOPNOTSUPP, os.setxattr, path("f"), ACCESS, b"bytes")
    as_user(ADA, lambda: fails(errno.EPERM, os.setxattr, path("f"), ACCESS, minimal(7, 7, 7)))


def check_setgid():
    """Who sets the list of a file keeps its set-group-id bit only as a member of the group."""
    write("sg", b"")
    os.chown(path("sg"), ADA, GROUP)
    os.chmod(path("sg"), 0o2755)
    as_user(ADA, lambda: os.setxattr(path("sg"), ACCESS, named(7, 5, 5, 5, 5)), groups=(GROUP,))
    equal("0o2755", bits("sg"), "set by a member")
    as_user(ADA, lambda: os.setxattr(path("sg"), ACCESS, named(7, 5, 5, 7, 5)))
    equal("0o775", bits("sg"), "set by someone else")


def check_remount():
    os.setxattr(path("f"), ACCESS, named(6, 4, 0, 4, 0))
    remount()
    equal(named(6, 4, 0, 4, 0), os.getxattr(path("f"), ACCESS), "list after a remount")
    as_user(ADA, lambda: read("f"))
    as_user(BOB, lambda: fails(errno.EACCES, read, "f"))


check_enforced()
check_chmod()
check_inherited()
check_errors()
check_setgid()
check_remount()
