"""What may differ between ours and the reference without being a fault, each with its reason. Besides, what is not
compared at all (calls.shown): sizes and link counts of directories, st_blocks, st_blksize, st_dev, the values of times
that nobody set, the order of listings, and where exactly holes begin."""

import errno
import stat as st


class Excuse:
    """applies(call, ours, reference, sequence) says whether a difference between two results is excused. The sequence ends there,
    because from then on the two are not the same."""

    def __init__(self, reason, applies, sql=False):
        self.reason = reason
        self.applies = applies
        self.sql = sql  # only of what SQL does


def failed(result):
    return result[1] if isinstance(result, tuple) and len(result) == 2 and result[0] == "errno" else 0


def protects_symlinks():
    with open("/proc/sys/fs/protected_symlinks", encoding="ascii") as f:
        return f.read() != "0\n"


EXCUSES = (
    Excuse(
        "chown(-1, -1) of another's file reaches FUSE as the same request that is sent before a write by somebody who may "
        "not keep set-id bits; while the file is open for writing, the two cannot be told apart",
        lambda call, ours, reference, sequence: call[0] in ("chown", "fchown")
        and call[2:4] == [-1, -1]
        and failed(reference) == errno.EPERM
        and not failed(ours),
    ),
    Excuse(
        "extended attributes of a removed directory, or of a removed device, cannot be set: there is no row any more",
        lambda call, ours, reference, sequence: call[0] in ("setxattr", "removexattr", "setacl")
        and (not isinstance(call[1], str) or call[1] in ("", ".", "./"))
        and failed(ours) == errno.ESTALE,
    ),
    Excuse(
        "access(2) is answered by the kernel, which does not know which files of ours are immutable",
        lambda call, ours, reference, sequence: sequence.uses("setflags") and call[0] == "access" and ours and not reference,
    ),
    Excuse(
        "the kernel does not know which files of ours are immutable, so other reasons to refuse a call come first, or, where "
        "there is no access list to remove or no byte to write, the call is not refused",
        lambda call, ours, reference, sequence: sequence.uses("setflags")
        and failed(reference) == errno.EPERM
        and (failed(ours) or call[0:1] + call[3:] == ["setacl", []] or (call[0] in ("write", "pwrite") and call[3] == 0)),
    ),
    Excuse(
        "of a directory that another host has removed the kernel does not know that nothing can be made there, so permission comes first",
        lambda call, ours, reference, sequence: sequence.ways() and failed(ours) == errno.EACCES and failed(reference) == errno.ENOENT,
    ),
    Excuse(
        "the ends of a fifo are those on one host: who opens it for writing on another finds no reader",
        lambda call, ours, reference, sequence: call[0] == "open" and sequence.ways() and failed(ours) == errno.ENXIO and not failed(reference),
    ),
    Excuse(
        "SQL follows no link of another's in a sticky directory for all; the kernel of this host does: fs.protected_symlinks is 0",
        lambda call, ours, reference, sequence: failed(ours) == errno.EACCES and sequence.uses("symlink") and not protects_symlinks(),
        sql=True,
    ),
)


def excused(call, ours, reference, sequence, sql):
    """sql: whether ours are made by SQL, all or some."""
    return any(e.applies(call, ours, reference, sequence) for e in EXCUSES if sql or not e.sql)


def excused_absence(ours, reference, sequence, sql):
    """What SQL looks at, it finds by the same links as what it does."""
    return sql and ours is None and reference is not None and sequence.uses("symlink") and not protects_symlinks()


def excused_mode(ours, reference):
    """FUSE (HANDLE_KILLPRIV_V2) lets a change by somebody outside the group clear the set-group-id bit of a file only
    where the group may execute it; elsewhere, where it once marked mandatory locks, ext4 clears it, too."""
    return ours ^ reference == st.S_ISGID and not reference & (st.S_ISGID | st.S_IXGRP) and not st.S_ISDIR(ours)


def excused_time(call, name, ours):
    """ext4 does nothing when an extended attribute is given the value that it has; others change ctime, as ours does."""
    return call[0] in ("setxattr", "setacl") and name == "ctime" and ours
