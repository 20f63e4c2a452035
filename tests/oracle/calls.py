"""The calls that a worker makes, each in the process of the worker, and what they do to the model.

A command is [NUMBER, WORKER, NAME, ARGUMENT...]. CALLS has a function for each name that makes the calls, in the directory
of the round, and returns what the model cannot know; EFFECTS one that returns the ops which that makes, given the state before.
A command that fails makes none."""

import contextlib
import errno
import mmap
import os
import random
import stat

from case import RENAME_EXCHANGE, fallocate, libc, renameat2
from model import Effect

PAGE = 4096
AT_EMPTY_PATH, AT_FDCWD = 0x1000, -100
KEPT = {}  # in a worker: the descriptor that it keeps
KINDS = {"fifo": stat.S_IFIFO, "socket": stat.S_IFSOCK, "char": stat.S_IFCHR}
DEVICE = os.makedev(1, 3)


def data(seed, length):
    return random.Random(seed).randbytes(length)


# In the worker.


def begin(folder):
    """The round's directory becomes the current one."""
    with contextlib.suppress(OSError):  # of a daemon that died
        close()
    os.chdir(folder)
    os.umask(0)


def close():
    if "fd" in KEPT:
        os.close(KEPT.pop("fd"))


def open_file(path, flags):
    """A regular file: what others do with bytes is not the filesystem's."""
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o640)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "not a regular file")
    return fd


def keep(path, flags):
    fd = open_file(path, flags | os.O_RDWR)
    close()
    KEPT["fd"] = fd
    return os.fstat(fd).st_ino


def kept():
    if "fd" not in KEPT:
        raise OSError(errno.EBADF, "no file is kept open")
    return KEPT["fd"]


def map_write(off, length, seed):
    size = os.fstat(kept()).st_size
    if off >= size:
        raise OSError(errno.ENXIO, "nothing to map")
    end = min(size, off + length)
    with mmap.mmap(kept(), size) as m:
        m[off:end] = data(seed, length)[: end - off]
        m.flush()


def write_path(path, off, length, seed):
    fd = open_file(path, os.O_WRONLY)
    try:
        return os.pwrite(fd, data(seed, length), off)
    finally:
        os.close(fd)


def copy(source, source_off, path, off, length):
    fds = [open_file(source, os.O_RDONLY)]
    try:
        fds.append(open_file(path, os.O_WRONLY))
        return os.copy_file_range(*fds, length, source_off, off)
    finally:
        for fd in fds:
            os.close(fd)


def make(function):
    """The number of what a function makes at its last argument."""

    def made(*arguments):
        function(*arguments)
        return os.lstat(arguments[-1]).st_ino

    return made


def make_unnamed(folder, path, length, seed):
    """A file without a name that is written and then gets one."""
    if os.path.lexists(path) or not os.path.isdir(os.path.dirname(path) or "."):
        raise OSError(errno.EEXIST, "no place for it")
    fd = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    try:
        os.pwrite(fd, data(seed, length), 0)
        if libc.linkat(fd, b"", AT_FDCWD, os.fsencode(path), AT_EMPTY_PATH):
            raise OSError(errno.EEXIST, "cannot be linked")
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


def set_mtime(path, ns):
    times = {} if ns is None else {"ns": (ns, ns)}
    os.utime(path, **times, follow_symlinks=False)


CALLS = {
    "keep": lambda path: keep(path, os.O_CREAT),
    "keep_append": lambda path: keep(path, os.O_CREAT | os.O_APPEND),
    "keep_empty": lambda path: keep(path, os.O_CREAT | os.O_TRUNC),
    "close": close,
    "pwrite": lambda off, length, seed: os.pwrite(kept(), data(seed, length), off),
    "map_write": map_write,
    "fallocate": lambda mode, off, length: fallocate(kept(), mode, off, length),
    "ftruncate": lambda size: os.ftruncate(kept(), size),
    "write": write_path,
    "truncate": lambda path, size: os.truncate(path, size),
    "copy": copy,
    "mkdir": make(lambda mode, path: os.mkdir(path, mode)),
    "mknod": make(lambda kind, path: os.mknod(path, KINDS[kind] | 0o620, DEVICE)),
    "symlink": make(os.symlink),
    "tmpfile": make_unnamed,
    "link": lambda old, new: os.link(old, new, follow_symlinks=False),
    "unlink": os.unlink,
    "rmdir": os.rmdir,
    "rename": os.rename,
    "exchange": lambda old, new: renameat2(os.path.abspath(old), os.path.abspath(new), RENAME_EXCHANGE),
    "chmod": os.chmod,
    "chown": os.lchown,
    "utimens": set_mtime,
    "setxattr": lambda path, name, length, seed: os.setxattr(path, name, data(seed, length), follow_symlinks=False),
    "removexattr": lambda path, name: os.removexattr(path, name, follow_symlinks=False),
}


def run(name, *arguments):
    """In the worker: makes the calls of a command."""
    return CALLS[name](*arguments)


# In the model. s has `state`, `top`, and for each worker the `kept` inode and whether it appends.


class Scene:
    """What the effects of a command are worked out from."""

    def __init__(self, state, top):
        self.state = state
        self.top = top
        self.kept = {}  # by worker: (ino, appends)

    def ino(self, path):
        return self.state.resolve(self.top, path)

    def inode(self, ino):
        return self.state.inodes[ino]

    def place(self, path):
        """Directory and name."""
        folder, name = os.path.split(path)
        return self.ino(folder), name


def made(s, op, path, ino, **fields):
    parent, name = s.place(path)
    defaults = {"uid": 0, "gid": 0}
    return Effect(op, ino, parent, name, attributes=tuple({**defaults, **fields}.items()))


def keep_effects(s, worker, ino, path, appends=False, empties=False):
    before = s.ino(path)
    s.kept[worker] = (ino, appends)
    if before is None:
        return [made(s, "create", path, ino, kind="file", mode=0o640)]
    return [Effect("truncate", ino, off=0)] if empties else []


def close_effects(s, worker, _):
    s.kept.pop(worker, None)
    return []


def written(ino, off, content, kind="write", **more):
    return [Effect(kind, ino, off=off, len=len(content), data=content, **more)] if content else []


def pwrite_effects(s, worker, length, off, _, seed):
    ino, appends = s.kept[worker]
    return written(ino, s.inode(ino).size if appends else off, data(seed, length))


def map_effects(s, worker, _, off, length, seed):
    ino = s.kept[worker][0]
    old = s.inode(ino).data
    end = min(off + length, len(old))
    new = old[:off] + data(seed, length)[: end - off] + old[end:]
    first, last = off // PAGE * PAGE, min(-(-end // PAGE) * PAGE, len(old))
    return written(ino, first, new[first:last], deferred=True)


def copy_effects(s, _, length, source, source_off, path, off, __):
    from_inode = s.inode(s.ino(source))
    end = source_off + length
    pieces = tuple((max(a, source_off) + off - source_off, min(b, end) + off - source_off)
                   for a, b, _ in from_inode.writers if a < end and b > source_off)
    return written(s.ino(path), off, from_inode.data[source_off:end], "copy_range", pieces=pieces)


def tmpfile_effects(s, _, ino, __, path, length, seed):
    parent, name = s.place(path)
    attributes = (("kind", "file"), ("mode", 0o600), ("uid", 0), ("gid", 0))
    return [Effect("create", ino, attributes=attributes), *written(ino, 0, data(seed, length)),
            Effect("link", ino, new_parent=parent, new_name=name)]


def removed(kind):
    return lambda s, _, __, path: [Effect(kind, s.ino(path), *s.place(path))]


def moved(kind):
    def effects(s, _, __, old, new):
        if s.ino(old) == s.ino(new):
            return []  # two names of one inode: nothing to do, says POSIX
        return [Effect(kind, s.ino(old), *s.place(old), *s.place(new))]

    return effects


def link_effects(s, _, __, old, new):
    parent, name = s.place(new)
    return [Effect("link", s.ino(old), new_parent=parent, new_name=name)]


def set_effects(kind, *names):
    return lambda s, _, __, path, *values: [Effect(kind, s.ino(path), attributes=tuple(zip(names, values)))]


EFFECTS = {
    "keep": keep_effects,
    "keep_append": lambda s, w, ino, path: keep_effects(s, w, ino, path, appends=True),
    "keep_empty": lambda s, w, ino, path: keep_effects(s, w, ino, path, empties=True),
    "close": close_effects,
    "pwrite": pwrite_effects,
    "map_write": map_effects,
    "fallocate": lambda s, w, _, mode, off, n: [Effect("fallocate", s.kept[w][0], off=off, len=n, mode=mode)],
    "ftruncate": lambda s, w, _, size: [Effect("truncate", s.kept[w][0], off=size)],
    "write": lambda s, _, n, path, off, __, seed: written(s.ino(path), off, data(seed, n)),
    "truncate": lambda s, _, __, path, size: [Effect("truncate", s.ino(path), off=size)],
    "copy": copy_effects,
    "mkdir": lambda s, _, ino, mode, path: [made(s, "mkdir", path, ino, kind="directory", mode=mode)],
    "mknod": lambda s, _, ino, kind, path: [
        made(s, "mknod", path, ino, kind=kind, mode=0o620, rdev=DEVICE if kind == "char" else 0)],
    "symlink": lambda s, _, ino, target, path: [
        made(s, "symlink", path, ino, kind="symlink", mode=0o777, target=target)],
    "tmpfile": tmpfile_effects,
    "link": link_effects,
    "unlink": removed("unlink"),
    "rmdir": removed("rmdir"),
    "rename": moved("rename"),
    "exchange": moved("exchange"),
    "chmod": set_effects("chmod", "mode"),
    "chown": set_effects("chown", "uid", "gid"),
    "utimens": lambda s, _, __, path, ns: [
        Effect("utimens", s.ino(path), attributes=(("mtime", "now" if ns is None else ns),))],
    "setxattr": lambda s, _, __, path, name, n, seed: [
        Effect("setxattr", s.ino(path), name=name, len=n, data=data(seed, n))],
    "removexattr": lambda s, _, __, path, name: [Effect("removexattr", s.ino(path), name=name)],
}
