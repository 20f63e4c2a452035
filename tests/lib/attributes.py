"""What inodes have beside their mode, for tests: extended attributes, access lists, flags."""

import fcntl
import os
import stat
import struct

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NO_ID = 0xFFFFFFFF
NODUMP, NOATIME = 0x40, 0x80
GETFLAGS, SETFLAGS = 0x80086601, 0x40086602


def access_list(*entries):
    """The bytes of a list of (tag, permissions, id)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def list_of_two(bits, uid, gid, mask):
    """A list whose classes have the permissions of `bits`, with a user and a group of its own."""
    return access_list((USER_OBJ, bits >> 6 & 7, NO_ID), (USER, 6, uid), (GROUP_OBJ, bits >> 3 & 7, NO_ID),
                       (GROUP, 4, gid), (MASK, mask, NO_ID), (OTHER, bits & 7, NO_ID))


def xattrs(path):
    """All of them, by name."""
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}


def _ioctl(path, command, value):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        return struct.unpack("<I", fcntl.ioctl(fd, command, struct.pack("<I", value)))[0]
    finally:
        os.close(fd)


def flags_of_open(fd):
    return struct.unpack("<I", fcntl.ioctl(fd, GETFLAGS, bytes(4)))[0]


def get_flags(path):
    """Of a regular file or a directory; 0 of others."""
    mode = os.lstat(path).st_mode
    return _ioctl(path, GETFLAGS, 0) if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else 0


def set_flags(path, flags):
    _ioctl(path, SETFLAGS, flags)
