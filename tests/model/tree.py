"""A tree as comparable rows: one per name."""

import errno
import os
import stat as st

from calls import digest, shown

HEAD = 2 << 20  # of a big file, as most of it is a hole
TAIL = 1 << 20

KINDS = {
    st.S_IFREG: "file",
    st.S_IFDIR: "directory",
    st.S_IFLNK: "symlink",
    st.S_IFIFO: "fifo",
    st.S_IFSOCK: "socket",
    st.S_IFCHR: "character device",
    st.S_IFBLK: "block device",
}


def content(path, size):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        head = os.pread(fd, HEAD, 0)
        tail = os.pread(fd, TAIL, size - TAIL) if size > HEAD + TAIL else os.pread(fd, TAIL, HEAD)
        return digest(head + tail)
    finally:
        os.close(fd)


def xattrs(path):
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as e:
        if e.errno != errno.EOPNOTSUPP:
            raise
        return ()
    return tuple((n, digest(os.getxattr(path, n, follow_symlinks=False))) for n in sorted(names))


def entry_type(entry):
    """What the listing itself says."""
    if entry.is_symlink():
        return "symlink"
    if entry.is_dir(follow_symlinks=False):
        return "directory"
    return "file" if entry.is_file(follow_symlinks=False) else "special"


def row(path, a, first):
    kind = st.S_IFMT(a.st_mode)
    bytes_ = None
    if kind == st.S_IFREG:
        bytes_ = content(path, a.st_size)
    elif kind == st.S_IFLNK:
        bytes_ = os.readlink(path)
    return (KINDS[kind], *shown(a), first, bytes_, xattrs(path))


COLUMNS = (
    "kind mode uid gid nlink size rdev atime mtime same_inode_as content xattrs listed_as listed_inode".split()
)


def snapshot(top):
    """Rows by path, in order."""
    rows = {top: (*row(top, os.lstat(top), top), None, None)}
    firsts = {}
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda e: e.name)
        for e in entries:
            path = os.path.join(folder, e.name)
            a = os.lstat(path)
            # The order of the names is the same on both sides, and so is which is first.
            first = firsts.setdefault(a.st_ino, path)
            same = "the same" if e.inode() == a.st_ino else "another"
            rows[path] = (*row(path, a, first), entry_type(e), same)
            if st.S_ISDIR(a.st_mode):
                waiting.append(path)
    return tuple(sorted(rows.items()))


def differences(ours, reference, limit=10):
    """Lines that say what differs, names first."""
    ours, reference = dict(ours), dict(reference)
    lines = [f"{p!r} is only in ours" for p in ours if p not in reference]
    lines += [f"{p!r} is only in the reference" for p in reference if p not in ours]
    for path, expected in reference.items():
        for column, e, o in zip(COLUMNS, expected, ours.get(path, expected)):
            if e != o:
                if column == "mode":
                    o, e = oct(o), oct(e)
                lines.append(f"{path!r}: {column} is {o!r}, in the reference {e!r}")
    return lines[:limit]
