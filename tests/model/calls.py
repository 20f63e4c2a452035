"""The calls that a worker makes: one function each, with the kinds of its arguments.

Kinds: path (a string, or [SLOT, STRING] relative to an open directory), slot (of the worker's table of open files),
flags (of open), mode, and anything else. A slot that holds nothing gives EBADF; what is put into a slot closes what was
there. Each function returns what is compared, or raises OSError, of which errno is compared."""

import ctypes
import errno
import fcntl
import hashlib
import mmap as mapping
import os
import stat as st
import struct

libc = ctypes.CDLL(None, use_errno=True)

AT_FDCWD = -100
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000
UTIME_NOW = (1 << 30) - 1
UTIME_OMIT = (1 << 30) - 2
F_OFD_SETLK = 37
FS_IOC_GETFLAGS = 0x80086601
FS_IOC_SETFLAGS = 0x40086602
SHOWN_FLAGS = 0x10 | 0x20 | 0x40 | 0x80  # immutable, append, nodump, noatime

CALLS = {}  # name: Call
PATTERN = bytes(range(1, 252)) * 1200


class Call:
    def __init__(self, function, family, kinds):
        self.name = function.__name__.rstrip("_")
        self.function = function
        self.family = family
        self.kinds = kinds


def call(family, *kinds):
    def register(function):
        made = Call(function, family, kinds)
        CALLS[made.name] = made
        return function

    return register


def data(start, size):
    """Bytes that tell where they come from."""
    return PATTERN[start % 251 :][:size]


def digest(content):
    return content if len(content) <= 32 else (len(content), hashlib.md5(content).digest())


def at(w, path):
    """The path, and the directory that it begins at as os wants it."""
    if isinstance(path, str):
        return path, None
    return path[1], w.fd(path[0])


def check(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def skip_special(fd):
    """What a fifo or device does with bytes is not the filesystem's."""
    mode = os.fstat(fd).st_mode
    if not st.S_ISREG(mode) and not st.S_ISDIR(mode):
        raise OSError(errno.ESPIPE, "a fifo or device")


def skip_irregular(fd):
    """The size of a directory and positions in it are its filesystem's own."""
    skip_special(fd)
    if st.S_ISDIR(os.fstat(fd).st_mode):
        raise OSError(errno.EISDIR, "a directory")


# Open files.


@call("file", "slot", "path", "flags", "mode")
def open_(w, slot, path, flags, mode):
    name, folder = at(w, path)
    # Never wait for the other end of a fifo.
    w.put(slot, os.open(name, flags | os.O_NONBLOCK, mode, dir_fd=folder))


@call("create", "path", "mode")
def create(_, path, mode):
    """In place of open where there are no open files: sql.py."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))


@call("create", "path", "byte", "size", "offset")
def write_at(_, path, start, size, offset):
    """Likewise, in place of pwrite."""
    mode = os.stat(path).st_mode
    if not st.S_ISREG(mode) and not st.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "a fifo or device")
    if offset < 0:
        raise OSError(errno.EINVAL, "no place in a file")
    fd = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(fd, data(start, size), offset)
    finally:
        os.close(fd)


@call("tmpfile", "slot", "path", "flags", "mode")
def tmpfile(w, slot, path, flags, mode):
    name, folder = at(w, path)
    w.put(slot, os.open(name, flags | os.O_TMPFILE, mode, dir_fd=folder))


@call("tmpfile", "slot", "path")
def link_open(w, slot, new):
    name, folder = at(w, new)
    target = AT_FDCWD if folder is None else folder
    check(libc.linkat(w.fd(slot), b"", target, os.fsencode(name), AT_EMPTY_PATH))


@call("file", "slot")
def close(w, slot):
    w.fd(slot)
    w.drop(slot)


@call("file", "slot", "size")
def read(w, slot, size):
    skip_special(w.fd(slot))
    return digest(os.read(w.fd(slot), size))


@call("file", "slot", "byte", "size")
def write(w, slot, start, size):
    skip_special(w.fd(slot))
    return os.write(w.fd(slot), data(start, size))


@call("file", "slot", "size", "offset")
def pread(w, slot, size, offset):
    skip_special(w.fd(slot))
    return digest(os.pread(w.fd(slot), size, offset))


@call("file", "slot", "byte", "size", "offset")
def pwrite(w, slot, start, size, offset):
    skip_special(w.fd(slot))
    return os.pwrite(w.fd(slot), data(start, size), offset)


@call("file", "slot", "offset", "whence")
def lseek(w, slot, offset, whence):
    skip_irregular(w.fd(slot))
    return os.lseek(w.fd(slot), offset, whence)


@call("file", "path", "offset")
def truncate(w, path, size):
    if not isinstance(path, str):
        path = path[1]
    os.truncate(path, size)


@call("file", "slot", "offset")
def ftruncate(w, slot, size):
    os.ftruncate(w.fd(slot), size)


@call("fsync", "slot")
def fsync(w, slot):
    skip_special(w.fd(slot))
    os.fsync(w.fd(slot))


@call("mmap", "slot", "byte", "size", "offset")
def map_write(w, slot, start, size, offset):
    """Changes what is there through a shared mapping, up to the end of the file."""
    skip_irregular(w.fd(slot))
    end = min(os.fstat(w.fd(slot)).st_size, offset + size, 1 << 22)
    if offset < 0 or end <= offset:
        raise OSError(errno.ENXIO, "nothing to map")
    with mapping.mmap(w.fd(slot), end) as m:
        m[offset:end] = data(start, end - offset)
        m.flush()


@call("mmap", "slot", "size", "offset")
def map_read(w, slot, size, offset):
    skip_irregular(w.fd(slot))
    end = min(os.fstat(w.fd(slot)).st_size, offset + size, 1 << 22)
    if offset < 0 or end <= offset:
        raise OSError(errno.ENXIO, "nothing to map")
    with mapping.mmap(w.fd(slot), end, prot=mapping.PROT_READ) as m:
        return digest(m[offset:end])


@call("fallocate", "slot", "fallocate", "offset", "offset")
def fallocate(w, slot, mode, offset, size):
    skip_special(w.fd(slot))
    check(libc.fallocate(w.fd(slot), mode, ctypes.c_long(offset), ctypes.c_long(size)))


def all_zero(fd, start, end):
    while start < end:
        part = os.pread(fd, min(end - start, 1 << 20), start)
        if not part:
            break
        if part.strip(b"\0"):
            return False
        start += len(part)
    return True


@call("seek", "slot", "offset", "whence")
def seek_hole(w, slot, offset, whence):
    """Where data and holes begin is as fine as the filesystem likes; that holes read as zeros is not."""
    fd = w.fd(slot)
    skip_irregular(fd)
    size = os.fstat(fd).st_size
    if not 0 <= offset < size:
        return os.lseek(fd, offset, whence)
    if size > 1 << 24:
        return None
    before = os.lseek(fd, 0, os.SEEK_CUR)
    try:
        found = os.lseek(fd, offset, whence)
    except OSError as e:
        if e.errno != errno.ENXIO or whence == os.SEEK_HOLE:
            raise
        found = size
    os.lseek(fd, before, os.SEEK_SET)
    if not offset <= found <= size:
        return ("out of the file", found)
    try:
        if whence == os.SEEK_DATA:
            sound = all_zero(fd, offset, found)
        else:
            sound = all_zero(fd, found, min(found + 1, size))
    except OSError as e:
        if e.errno == errno.EBADF:  # not open for reading
            return None
        raise
    return None if sound else ("not a hole", whence, found)


@call("copy", "slot", "slot", "size", "offset", "offset")
def copy(w, source, target, size, from_, to):
    skip_special(w.fd(source))
    skip_special(w.fd(target))
    return os.copy_file_range(w.fd(source), w.fd(target), size, from_, to)


# Names.


@call("name", "path", "mode")
def mkdir(w, path, mode):
    name, folder = at(w, path)
    os.mkdir(name, mode, dir_fd=folder)


@call("name", "path")
def rmdir(w, path):
    name, folder = at(w, path)
    os.rmdir(name, dir_fd=folder)


@call("name", "path")
def unlink(w, path):
    name, folder = at(w, path)
    os.unlink(name, dir_fd=folder)


@call("name", "path", "path", "rename")
def rename(w, old, new, flags):
    old, old_folder = at(w, old)
    new, new_folder = at(w, new)
    if not flags:
        os.rename(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)
        return
    old_folder = AT_FDCWD if old_folder is None else old_folder
    new_folder = AT_FDCWD if new_folder is None else new_folder
    check(libc.renameat2(old_folder, os.fsencode(old), new_folder, os.fsencode(new), flags))


@call("name", "path", "path", "follow")
def link(w, old, new, follow):
    old, old_folder = at(w, old)
    new, new_folder = at(w, new)
    old_folder = AT_FDCWD if old_folder is None else old_folder
    new_folder = AT_FDCWD if new_folder is None else new_folder
    flags = AT_SYMLINK_FOLLOW if follow else 0
    check(libc.linkat(old_folder, os.fsencode(old), new_folder, os.fsencode(new), flags))


@call("name", "target", "path")
def symlink(w, target, path):
    name, folder = at(w, path)
    os.symlink(target, name, dir_fd=folder)


@call("name", "path")
def readlink(w, path):
    name, folder = at(w, path)
    return os.readlink(name, dir_fd=folder)


@call("node", "path", "node", "mode", "device")
def mknod(w, path, kind, mode, device):
    name, folder = at(w, path)
    os.mknod(name, kind | mode, device, dir_fd=folder)


@call("name", "path")
def chdir(w, path):
    if isinstance(path, str):
        os.chdir(path)
    else:
        os.fchdir(w.fd(path[0]))


@call("name", "path")
def listdir(w, path):
    where = path if isinstance(path, str) else w.fd(path[0])
    if not isinstance(where, str):
        skip_special(where)
        os.lseek(where, 0, os.SEEK_SET)
    return tuple(sorted(os.listdir(where)))


# Attributes.


@call("attr", "path", "mode")
def chmod(w, path, mode):
    name, folder = at(w, path)
    os.chmod(name, mode, dir_fd=folder)


@call("attr", "slot", "mode")
def fchmod(w, slot, mode):
    os.fchmod(w.fd(slot), mode)


@call("attr", "path", "uid", "gid", "follow")
def chown(w, path, uid, gid, follow):
    name, folder = at(w, path)
    os.chown(name, uid, gid, dir_fd=folder, follow_symlinks=follow)


@call("attr", "slot", "uid", "gid")
def fchown(w, slot, uid, gid):
    os.fchown(w.fd(slot), uid, gid)


class Times(ctypes.Structure):
    _fields_ = [(n, ctypes.c_long) for n in ("atime", "atime_ns", "mtime", "mtime_ns")]


@call("attr", "path", "time", "time", "follow")
def utimens(w, path, atime, mtime, follow):
    name, folder = at(w, path)
    folder = AT_FDCWD if folder is None else folder
    times = Times(*atime, *mtime)
    check(libc.utimensat(folder, os.fsencode(name), ctypes.byref(times), 0 if follow else 0x100))


@call("attr", "slot", "time", "time")
def futimens(w, slot, atime, mtime):
    times = Times(*atime, *mtime)
    check(libc.futimens(w.fd(slot), ctypes.byref(times)))


@call("attr", "path", "access", "follow")
def access(w, path, mode, effective):
    name, folder = at(w, path)
    return os.access(name, mode, dir_fd=folder, effective_ids=effective)


# The times that utimens sets; all others are shown as "now", as they differ between two runs.
TIMES = ((0, 0), (1, 1), (1000000000, 123456789), (2147483649, 999999999), (-5, 7))
FIXED_NS = {s * 1000000000 + ns for s, ns in TIMES}


def shown_time(ns):
    return ns if ns in FIXED_NS else "now"


def shown(a):
    """What of a file's attributes is the same on every filesystem."""
    folder = st.S_ISDIR(a.st_mode)
    sized = st.S_ISREG(a.st_mode) or st.S_ISLNK(a.st_mode)
    return (
        a.st_mode,
        a.st_uid,
        a.st_gid,
        None if folder else a.st_nlink,
        a.st_size if sized else None,
        a.st_rdev if st.S_ISCHR(a.st_mode) or st.S_ISBLK(a.st_mode) else 0,
        shown_time(a.st_atime_ns),
        shown_time(a.st_mtime_ns),
    )


@call("attr", "path", "follow")
def stat(w, path, follow):
    name, folder = at(w, path)
    return shown(os.stat(name, dir_fd=folder, follow_symlinks=follow))


@call("attr", "slot")
def fstat(w, slot):
    return shown(os.fstat(w.fd(slot)))


@call("attr", "path")
def statvfs(w, path):
    where = path if isinstance(path, str) else w.fd(path[0])
    return os.statvfs(where).f_namemax


@call("process", "mode")
def umask(w, mode):
    return os.umask(mode)


# Locks, none of which waits.


@call("lock", "slot", "flock")
def flock(w, slot, how):
    fcntl.flock(w.fd(slot), how | fcntl.LOCK_NB)


@call("lock", "slot", "lock", "offset", "offset", "follow")
def lock(w, slot, kind, start, size, of_description):
    how = struct.pack("hhqqi4x", kind, os.SEEK_SET, start, size, 0)
    fcntl.fcntl(w.fd(slot), F_OFD_SETLK if of_description else fcntl.F_SETLK, how)


@call("lock", "slot", "lock", "offset", "offset")
def get_lock(w, slot, kind, start, size):
    how = struct.pack("hhqqi4x", kind, os.SEEK_SET, start, size, 0)
    found = struct.unpack("hhqqi4x", fcntl.fcntl(w.fd(slot), fcntl.F_GETLK, how))
    return found[:4]


# Extended attributes.


def where(w, path):
    """A path, or an open file."""
    return path if isinstance(path, str) else w.fd(path[0])


@call("xattr", "path", "xname", "byte", "size", "xflags", "follow")
def setxattr(w, path, name, start, size, flags, follow):
    p = where(w, path)
    os.setxattr(p, name, data(start, size), flags, follow_symlinks=follow or p is not path)


@call("xattr", "path", "xname", "follow")
def getxattr(w, path, name, follow):
    p = where(w, path)
    return digest(os.getxattr(p, name, follow_symlinks=follow or p is not path))


@call("xattr", "path", "xname", "follow")
def removexattr(w, path, name, follow):
    p = where(w, path)
    os.removexattr(p, name, follow_symlinks=follow or p is not path)


@call("xattr", "path", "follow")
def listxattr(w, path, follow):
    p = where(w, path)
    return tuple(sorted(os.listxattr(p, follow_symlinks=follow or p is not path)))


def packed_acl(entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


@call("acl", "path", "xname", "acl")
def setacl(w, path, name, entries):
    """entries: tag, permissions, id; none removes it."""
    p = where(w, path)
    if not entries:
        os.removexattr(p, name)
        return
    os.setxattr(p, name, packed_acl(entries))


@call("acl", "path", "xname")
def getacl(w, path, name):
    return os.getxattr(where(w, path), name)


def inode_flags(fd):
    value = bytearray(8)
    fcntl.ioctl(fd, FS_IOC_GETFLAGS, value)
    return struct.unpack("i4x", value)[0]


def set_inode_flags(fd, flags):
    fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("i4x", flags))


@call("flags", "slot")
def getflags(w, slot):
    skip_special(w.fd(slot))
    return inode_flags(w.fd(slot)) & SHOWN_FLAGS


@call("flags", "slot", "iflags")
def setflags(w, slot, flags):
    skip_special(w.fd(slot))
    set_inode_flags(w.fd(slot), inode_flags(w.fd(slot)) & ~SHOWN_FLAGS | flags)
