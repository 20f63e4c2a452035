#!/usr/bin/env python3
"""An idmapped mount of ours is refused, since the requests of one would not say who asks. README lists it."""

import ctypes
import errno
import os
import struct
import subprocess

import case

SYS_OPEN_TREE, SYS_MOUNT_SETATTR = 428, 442
AT_FDCWD, AT_EMPTY_PATH, OPEN_TREE_CLONE, MOUNT_ATTR_IDMAP = -100, 0x1000, 1, 0x100000
libc = ctypes.CDLL(None, use_errno=True)


def idmap(directory, namespace):
    """0, or the errno of making an idmapped mount of a directory."""
    tree = libc.syscall(SYS_OPEN_TREE, AT_FDCWD, directory.encode(), OPEN_TREE_CLONE | os.O_CLOEXEC)
    if tree < 0:
        raise OSError(ctypes.get_errno(), "open_tree")
    attr = struct.pack("QQQQ", MOUNT_ATTR_IDMAP, 0, 0, namespace)
    failed = libc.syscall(SYS_MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, attr, len(attr))
    code = ctypes.get_errno() if failed else 0
    os.close(tree)
    return code


case.need_root()
with subprocess.Popen(
    ["unshare", "--user", "--map-root-user", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE
) as holder:
    try:
        if not holder.stdout.readline():
            case.skip("no user namespace can be made here")
        namespace = os.open(f"/proc/{holder.pid}/ns/user", os.O_RDONLY)
        if idmap("/tmp", namespace) not in (0, errno.EINVAL):
            case.skip("this kernel has no idmapped mounts")
        case.equal(errno.EINVAL, idmap(case.path(), namespace), "an idmapped mount")
        case.write("f", b"still here")
        case.equal(b"still here", case.read("f"), "the mount afterwards")
    finally:
        holder.kill()
