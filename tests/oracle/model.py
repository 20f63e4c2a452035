"""What the filesystem is after each op, in memory: made of what the processes did, not of what the mount says."""

from dataclasses import dataclass, replace

PUNCH, KEEP, ZERO = 2, 1, 0x10  # of fallocate(2)
DIRECTORY_SIZE = 4096
TOUCH_DATA, TOUCH_NODE = ("mtime", "ctime"), ("ctime",)


class Senseless(Exception):
    """An op that could not have been done."""


@dataclass(frozen=True)
class Inode:
    """As of one instant. Times are nanoseconds; None: what they are is not known."""

    ino: int
    kind: str
    mode: int
    uid: int = 0
    gid: int = 0
    nlink: int = 1
    rdev: int = 0
    data: bytes = b""  # of a regular file
    writers: tuple = ()  # (first, end, op) of the bytes that somebody wrote, in order; others are zeros
    target: str = None  # of a symbolic link
    xattrs: tuple = ()  # (name, value), in order
    entries: tuple = ()  # (name, ino) of a directory, in order
    mtime: int = None
    ctime: int = None
    btime: int = None

    @property
    def size(self):
        if self.kind == "directory":
            return DIRECTORY_SIZE
        return len(self.target) if self.kind == "symlink" else len(self.data)

    def child(self, name):
        return dict(self.entries).get(name)


@dataclass(frozen=True)
class Effect:
    """What one op does. The first fields are those of its row in the log."""

    kind: str
    ino: int
    parent: int = None
    name: str = None
    new_parent: int = None
    new_name: str = None
    off: int = None
    len: int = None
    data: bytes = b""  # that is written
    pieces: tuple = None  # (first, end) of what a copy brings besides holes
    attributes: tuple = ()  # (field, value) that are set
    mode: int = 0  # of fallocate
    deferred: bool = False  # written back by the kernel

    def part(self, off, length):
        """The op that does this part of it, where the kernel splits a call."""
        start = off - self.off
        pieces = self.pieces
        if pieces is not None:
            pieces = tuple((max(a, off), min(b, off + length)) for a, b in pieces if a < off + length and b > off)
        return replace(self, off=off, len=length, data=self.data[start : start + length], pieces=pieces)


def cut(writers, first, end):
    """Writers without those of [first, end)."""
    left = [(a, min(b, first), op) for a, b, op in writers if a < first]
    right = [(max(a, end), b, op) for a, b, op in writers if b > end]
    return tuple(left + right)


def joined(writers):
    """Neighbours that one op wrote as one."""
    result = []
    for a, b, op in sorted(writers, key=lambda w: w[0]):
        if result and result[-1][1:] == (a, op):
            result[-1] = (result[-1][0], b, op)
        else:
            result.append((a, b, op))
    return tuple(result)


class State:
    """All inodes as of one instant, never changed."""

    def __init__(self, inodes):
        self.inodes = inodes

    def after(self, effect, op, now):
        """The state that an op makes of this one; `now` is its time."""
        draft = Draft(dict(self.inodes), op, now)
        APPLY[effect.kind](draft, effect)
        return State(draft.inodes)

    def resolve(self, top, path):
        """The inode number that a relative path leads to, or None."""
        ino = top
        for name in filter(None, path.split("/")):
            ino = self.inodes[ino].child(name) if ino in self.inodes else None
            if ino is None:
                return None
        return ino

    def tree(self, top):
        """Everything below an inode, and itself, by relative path."""
        found = {}
        waiting = [(".", top)]
        while waiting:
            path, ino = waiting.pop()
            inode = self.inodes.get(ino)
            if inode is None:
                continue
            found[path] = inode
            waiting += [(f"{path}/{name}", i) for name, i in inode.entries]
        return found


class Draft:
    """A state while an op changes it."""

    def __init__(self, inodes, op, now):
        self.inodes = inodes
        self.op = op
        self.now = now

    def set(self, ino, times=(), **fields):
        fields.update({name: self.now for name in times})
        self.inodes[ino] = replace(self.inodes[ino], **fields)
        return self.inodes[ino]

    def enter(self, parent, name, ino):
        entries = dict(self.inodes[parent].entries)
        if name in entries or not self.inodes[parent].nlink:
            raise Senseless
        entries[name] = ino
        self.set(parent, TOUCH_DATA, entries=tuple(sorted(entries.items())))
        if self.inodes[ino].kind == "directory":
            self.links(parent, 1)

    def leave(self, parent, name):
        entries = dict(self.inodes[parent].entries)
        ino = entries.pop(name)
        self.set(parent, TOUCH_DATA, entries=tuple(sorted(entries.items())))
        if self.inodes[ino].kind == "directory":
            self.links(parent, -1)
        return ino

    def links(self, ino, by):
        self.set(ino, nlink=self.inodes[ino].nlink + by)

    def unlinked(self, ino):
        self.set(ino, TOUCH_NODE)
        if self.inodes[ino].entries:
            raise Senseless
        if self.inodes[ino].kind == "directory":
            self.set(ino, nlink=0)
        else:
            self.links(ino, -1)

    def put(self, ino, off, data, pieces):
        """Replaces bytes; pieces are those that are not holes."""
        inode = self.inodes[ino]
        old = inode.data + bytes(max(0, off - len(inode.data)))
        writers = cut(inode.writers, off, off + len(data)) + tuple((a, b, self.op) for a, b in pieces)
        self.set(ino, TOUCH_DATA, data=old[:off] + data + old[off + len(data) :], writers=joined(writers))


def create(d, e):
    fields = dict(e.attributes)
    nlink = 2 if fields["kind"] == "directory" else 1 if e.name is not None else 0
    d.inodes[e.ino] = Inode(e.ino, nlink=nlink, mtime=d.now, ctime=d.now, btime=d.now, **fields)
    if e.name is not None:
        d.enter(e.parent, e.name, e.ino)


def link(d, e):
    d.links(e.ino, 1)
    d.set(e.ino, TOUCH_NODE)
    d.enter(e.new_parent, e.new_name, e.ino)


def unlink(d, e):
    d.leave(e.parent, e.name)
    d.unlinked(e.ino)


def rename(d, e):
    if d.inodes[e.new_parent].child(e.new_name) is not None:
        d.unlinked(d.leave(e.new_parent, e.new_name))
    d.leave(e.parent, e.name)
    d.set(e.ino, TOUCH_NODE)
    d.enter(e.new_parent, e.new_name, e.ino)


def exchange(d, e):
    other = d.leave(e.new_parent, e.new_name)
    d.leave(e.parent, e.name)
    d.enter(e.new_parent, e.new_name, e.ino)
    d.enter(e.parent, e.name, other)
    d.set(e.ino, TOUCH_NODE)
    d.set(other, TOUCH_NODE)


def write(d, e):
    d.put(e.ino, e.off, e.data, [(e.off, e.off + e.len)] if e.pieces is None else e.pieces)


def truncate(d, e):
    inode = d.inodes[e.ino]
    data = inode.data[: e.off] + bytes(max(0, e.off - len(inode.data)))
    d.set(e.ino, TOUCH_DATA, data=data, writers=cut(inode.writers, e.off, 1 << 62))


def fallocate(d, e):
    inode = d.inodes[e.ino]
    data, writers, end = inode.data, inode.writers, e.off + e.len
    if e.mode & (PUNCH | ZERO):
        zeroed = min(end, len(data))
        if e.off < zeroed:
            data = data[: e.off] + bytes(zeroed - e.off) + data[zeroed:]
            writers = cut(writers, e.off, zeroed)
    if not e.mode & KEEP:
        data += bytes(max(0, end - len(data)))
    d.set(e.ino, TOUCH_DATA, data=data, writers=writers)


def attributes(d, e):
    d.set(e.ino, TOUCH_NODE, **{name: d.now if value == "now" else value for name, value in e.attributes})


def setxattr(d, e):
    found = dict(d.inodes[e.ino].xattrs)
    found[e.name] = e.data
    d.set(e.ino, TOUCH_NODE, xattrs=tuple(sorted(found.items())))


def removexattr(d, e):
    found = dict(d.inodes[e.ino].xattrs)
    del found[e.name]
    d.set(e.ino, TOUCH_NODE, xattrs=tuple(sorted(found.items())))


APPLY = {
    "create": create,
    "mkdir": create,
    "mknod": create,
    "symlink": create,
    "link": link,
    "unlink": unlink,
    "rmdir": unlink,
    "rename": rename,
    "exchange": exchange,
    "write": write,
    "copy_range": write,
    "truncate": truncate,
    "fallocate": fallocate,
    "chmod": attributes,
    "chown": attributes,
    "utimens": attributes,
    "setxattr": setxattr,
    "removexattr": removexattr,
}
