"""Mounts with -o keeper: which daemon serves, and whether this kernel can have one."""

import os

from runs import children


def kernel_sends_again():
    """FUSE_NOTIFY_RESEND, of Linux 6.9."""
    return [int(n) for n in os.uname().release.split(".")[:2]] >= [6, 9]


def daemon_of(keeper):
    """The keeper's present daemon, once it has its name; 0: there is none."""
    for pid in children(keeper):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as comm, open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                if comm.read() == "thulefs\n" and ") Z " not in stat.read():
                    return pid
        except OSError:
            pass
    return 0
