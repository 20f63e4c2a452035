"""What is expected beside what was read."""

import hashlib


class Difference(Exception):
    """The first thing that a way of reading shows otherwise than it was."""

    def __init__(self, way, what, lines):
        super().__init__("\n".join([f"{way}: {what}", *lines]))
        self.signature = (way, what)
        self.lines = lines


def digest(data):
    return data if len(data) <= 40 else f"{len(data)} bytes, md5 {hashlib.md5(data).hexdigest()}"


def fields(inode):
    """All that is compared of an inode, by name."""
    return {
        "kind": inode.kind,
        "mode": inode.mode,
        "uid": inode.uid,
        "gid": inode.gid,
        "nlink": inode.nlink,
        "size": inode.size,
        "rdev": inode.rdev,
        "target": inode.target,
        "content": digest(inode.data),
        "xattrs": {name: digest(value) for name, value in inode.xattrs},
        "mtime": inode.mtime,
        "ctime": inode.ctime,
        "btime": inode.btime,
        "ino": inode.ino,
    }


def rows(tree):
    return {path: fields(inode) for path, inode in tree.items()}


def agree(way, instant, expected, actual):
    """Both are fields by path. Of each path those are compared that are there and known in both."""
    lines, what = [], None
    for path in sorted(set(expected) | set(actual)):
        if path not in actual or path not in expected:
            what = what or "names"
            lines.append(f"{path!r} is {'missing' if path in expected else 'too many'}")
            continue
        for name, wanted in expected[path].items():
            got = actual[path].get(name, wanted)
            if wanted is not None and got != wanted:
                what = what or (f"{name} of a {expected[path]['kind']}")
                lines.append(f"{path!r}: {name} is {shown(name, got)}, and was {shown(name, wanted)}")
    if lines:
        raise Difference(way, what, [f"at {instant}:", *lines[:10]])


def equal(way, what, instant, wanted, got):
    if wanted != got:
        raise Difference(way, what, [f"at {instant}:", f"expected {wanted!r}", f"got      {got!r}"])


def shown(name, value):
    return oct(value) if name == "mode" and value is not None else repr(value)


def without(tree, *names):
    """Rows without some fields."""
    return {path: {k: v for k, v in row.items() if k not in names} for path, row in tree.items()}
