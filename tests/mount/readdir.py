#!/usr/bin/python3
# Directories that change while they are read: what is there all the time is seen exactly once.
# transport: uring
import ctypes
import errno
import os
import shutil

from case import equal, libc, path, remount

COUNT = 5000


class Dirent(ctypes.Structure):
    _fields_ = [
        ("ino", ctypes.c_ulong), ("off", ctypes.c_long), ("reclen", ctypes.c_ushort),
        ("type", ctypes.c_ubyte), ("name", ctypes.c_char * 256),
    ]


libc.opendir.restype = ctypes.c_void_p
libc.readdir.restype = ctypes.POINTER(Dirent)
libc.readdir.argtypes = libc.telldir.argtypes = libc.closedir.argtypes = libc.rewinddir.argtypes = [ctypes.c_void_p]
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


class Folder:
    def __init__(self, name):
        self.dir = libc.opendir(os.fsencode(path(name)))
        if not self.dir:
            raise OSError(ctypes.get_errno(), "opendir")

    def next(self):
        entry = libc.readdir(self.dir)
        return entry.contents.name.decode() if entry else None

    def tell(self):
        return libc.telldir(self.dir)

    def seek(self, where):
        libc.seekdir(self.dir, where)

    def rest(self):
        return list(iter(self.next, None))

    def close(self):
        libc.closedir(self.dir)


def make(name):
    os.mkdir(path(name))
    for i in range(COUNT):
        os.close(os.open(path(name, f"file-{i:05}"), os.O_CREAT | os.O_WRONLY, 0o644))


def expected():
    return sorted([".", "..", *(f"file-{i:05}" for i in range(COUNT))])


def check_seek(name):
    """telldir's offsets lead back to the same place, as long as the directory is open and longer."""
    folder = Folder(name)
    order, places = [], []
    while True:
        place = folder.tell()
        entry = folder.next()
        if entry is None:
            break
        order.append(entry)
        places.append(place)
    equal(expected(), sorted(order), "one pass")
    for i in range(COUNT, 0, -397):
        folder.seek(places[i])
        equal(order[i], folder.next(), f"entry at the {i}th offset")
    folder.seek(places[COUNT // 2])
    equal(order[COUNT // 2 :], folder.rest(), "second half")
    folder.close()


def check_changes(name):
    """Half is removed and as much added while the directory is being read."""
    folder = Folder(name)
    seen = [folder.next() for _ in range(COUNT // 3)]
    for i in range(0, COUNT, 2):
        os.unlink(path(name, f"file-{i:05}"))
        os.close(os.open(path(name, f"new-{i:05}"), os.O_CREAT | os.O_WRONLY, 0o644))
    seen += folder.rest()
    folder.close()
    equal(len(seen), len(set(seen)), "number of different names")
    stayed = {f"file-{i:05}" for i in range(1, COUNT, 2)}
    equal(set(), stayed - set(seen), "names that were there all the time and not seen")
    equal(COUNT, len(os.listdir(path(name))), "entries at the end")


def check_rename_while_reading(name):
    """A name keeps its place, so a listing that renames what it finds comes to an end."""
    folder = Folder(name)
    seen = []
    while (entry := folder.next()) is not None:
        seen.append(entry)
        equal(True, len(seen) <= 2 * COUNT, "an end of the listing")
        if entry not in (".", ".."):
            os.rename(path(name, entry), path(name, "moment"))
            os.rename(path(name, "moment"), path(name, entry))
    folder.close()
    equal(expected(), sorted(seen), "names seen while each was renamed")


def check_remove_while_reading(name):
    folder = Folder(name)
    count = 0
    while (entry := folder.next()) is not None:
        if entry not in (".", ".."):
            os.unlink(path(name, entry))
            count += 1
    folder.close()
    equal(COUNT, count, "entries removed in one pass")
    equal([], os.listdir(path(name)), "what is left")


def main():
    make("d")
    check_seek("d")
    remount()
    check_seek("d")
    check_rename_while_reading("d")
    check_changes("d")
    check_remove_while_reading("d")
    os.rmdir(path("d"))
    for i in range(20):
        os.makedirs(path("tree", f"{i}", "deep", "er"))
        open(path("tree", f"{i}", "deep", "f"), "w").close()
    shutil.rmtree(path("tree"))
    try:
        os.stat(path("tree"))
    except OSError as e:
        equal(errno.ENOENT, e.errno, "stat of a removed tree")
    folder = Folder(".")
    equal({".", ".."}, set(folder.rest()), "the empty root")
    folder.close()


main()
