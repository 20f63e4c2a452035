"""A tree as a mount shows it."""

import os
import stat

from compare import digest
from model import Inode

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
}


def walk(folder):
    """(relative path, full path) of everything below a directory, and itself."""
    waiting = ["."]
    while waiting:
        name = waiting.pop()
        full = os.path.normpath(os.path.join(folder, name))
        yield name, full
        if stat.S_ISDIR(os.lstat(full).st_mode):
            waiting += [f"{name}/{entry}" for entry in os.listdir(full)]


def content(full):
    with open(full, "rb") as f:
        return f.read()


def xattrs(full):
    return {name: os.getxattr(full, name, follow_symlinks=False) for name in os.listxattr(full, follow_symlinks=False)}


def read(folder):
    """What is compared, by path."""
    found = {}
    for name, full in walk(folder):
        st = os.lstat(full)
        kind = KINDS[stat.S_IFMT(st.st_mode)]
        found[name] = {
            "kind": kind,
            "mode": stat.S_IMODE(st.st_mode),
            "uid": st.st_uid,
            "gid": st.st_gid,
            "nlink": st.st_nlink,
            "size": st.st_size,
            "rdev": st.st_rdev,
            "target": os.readlink(full) if kind == "symlink" else None,
            "content": digest(content(full) if kind == "file" and st.st_size else b""),
            "xattrs": {n: digest(v) for n, v in xattrs(full).items()},
            "mtime": st.st_mtime_ns,
            "ctime": st.st_ctime_ns,
            "ino": st.st_ino,
        }
    return found


def inodes(folder, server, op):
    """The same as inodes of the model; who wrote which bytes is what the database says as of the op."""
    found, names = {}, {}
    for name, full in walk(folder):
        st = os.lstat(full)
        kind = KINDS[stat.S_IFMT(st.st_mode)]
        names[name] = st.st_ino
        if name != ".":
            parent = found[names[os.path.dirname(name)]]
            parent["entries"] += ((os.path.basename(name), st.st_ino),)
        found[st.st_ino] = {
            "ino": st.st_ino,
            "kind": kind,
            "mode": stat.S_IMODE(st.st_mode),
            "uid": st.st_uid,
            "gid": st.st_gid,
            "nlink": st.st_nlink,
            "rdev": st.st_rdev,
            "target": os.readlink(full) if kind == "symlink" else None,
            "data": content(full) if kind == "file" else b"",
            "xattrs": tuple(sorted(xattrs(full).items())),
            "mtime": st.st_mtime_ns,
            "ctime": st.st_ctime_ns,
            "entries": found.get(st.st_ino, {}).get("entries", ()),
        }
    for row in server.rows(
        f"select i.ino, b.off, b.off + b.len as end, b.op from unnest('{{{','.join(map(str, found))}}}'::bigint[]) i (ino)"
        f" cross join lateral thule_internal.blame_at_op(i.ino, {op}) b"
    ):
        found[row["ino"]].setdefault("writers", []).append((row["off"], row["end"], row["op"]))
    return {ino: Inode(**{**i, "entries": tuple(sorted(i["entries"])), "writers": tuple(sorted(i.get("writers", ())))})
            for ino, i in found.items()}
