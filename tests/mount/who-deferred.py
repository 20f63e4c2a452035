#!/usr/bin/python3
# What the kernel writes back from shared mappings belongs to the process that opened the file, and is marked as
# deferred. A process whose memory is locked by a thread that waits for the write-back can go on making files with
# its others: nobody waits for that memory for long.
import ctypes
import mmap
import os
import threading
import time

from case import equal, libc, path, sql

SIZE = 8 << 20
ROUNDS = 6
MAKERS = 4
LIMIT = 15  # seconds, for what takes one or two


def attributed():
    """The opener's process is gone when its pages are written; another one syncs them."""
    keep, let_go = os.pipe()
    pid = os.fork()
    if pid == 0:
        fd = os.open(path("mapped"), os.O_CREAT | os.O_RDWR, 0o644)
        os.write(fd, b"x" * 4096)
        os.ftruncate(fd, 65536)
        shared = mmap.mmap(fd, 65536)
        shared[5000:5006] = b"stored"
        os.close(fd)
        os._exit(0)
    os.close(let_go)
    os.close(keep)
    equal(0, os.waitpid(pid, 0)[1], "the process that maps")
    rows = sql(
        "select k.name, o.deferred, a.pid from thule.op o join thule.op_kind k on k.id = o.kind"
        " join thule.actor a on a.id = o.actor where o.ino = thule.resolve('/mapped') order by o.op"
    )
    equal(["create", "f", str(pid)], rows[0], "who created it")
    equal(["write", "f", str(pid)], rows[1], "who wrote to it")
    equal(["truncate", "f", str(pid)], rows[2], "who made it longer")
    if len(rows) < 4:
        raise AssertionError("nothing was written back")
    for row in rows[3:]:
        equal(["write", "t", str(pid)], row, "who stored into its mapping")
    shown = sql("select deferred, count(*) from thule.change where path = '/mapped' group by 1 order by 1")
    equal([["f", "3"], ["t", str(len(rows) - 3)]], shown, "as thule.change shows it")


def rename_process(name):
    """Then it is another actor, and the daemon reads about it anew."""
    with open(f"/proc/self/task/{os.getpid()}/comm", "w", encoding="ascii") as f:
        f.write(name)


class Maker(threading.Thread):
    def __init__(self, name, stop):
        super().__init__(daemon=True)
        self.folder = name
        self.stop = stop
        self.made = 0
        self.slowest = 0.0

    def run(self):
        os.mkdir(path(self.folder))
        while not self.stop.is_set():
            started = time.monotonic()
            if self.folder == "maker-0":
                rename_process(f"python-{self.made % 2}")
            fd = os.open(path(self.folder, str(self.made)), os.O_CREAT | os.O_WRONLY)
            os.write(fd, b"x")
            os.close(fd)
            self.slowest = max(self.slowest, time.monotonic() - started)
            self.made += 1




def map_and_unmap(stop):
    """Wants to write to the process's map of its memory, and so keeps new readers of it waiting."""
    while not stop.is_set():
        at = libc.mmap(None, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        equal(0, libc.munmap(at, 4096), "munmap")


def unmapping():
    """While one thread unmaps, the others make files, and the daemon has to learn who they are."""
    stop = threading.Event()
    makers = [Maker(f"maker-{i}", stop) for i in range(MAKERS)]
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
    libc.munmap.argtypes = libc.msync.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    for maker in makers:
        maker.start()
    threading.Thread(target=map_and_unmap, args=(stop,), daemon=True).start()
    for i in range(ROUNDS):
        fd = os.open(path(f"unmapped-{os.getpid()}-{i}"), os.O_CREAT | os.O_RDWR, 0o644)
        os.ftruncate(fd, SIZE)
        at = libc.mmap(None, SIZE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, 0)
        for page in range(0, SIZE, 4096):
            ctypes.c_char.from_address(at + page).value = b"d"
        # Without the GIL: ctypes lets the makers run meanwhile.
        if i % 2:
            equal(0, libc.msync(at, SIZE, 4), "msync")
        equal(0, libc.munmap(at, SIZE), "munmap")
        os.close(fd)
    stop.set()
    for maker in makers:
        maker.join(LIMIT)
        if maker.is_alive() or maker.made == 0:
            raise AssertionError(f"{maker.folder} is stuck after {maker.made} files")
    slowest = max(maker.slowest for maker in makers)
    print(f"{sum(m.made for m in makers)} files made while unmapping, the slowest in {slowest:.3f} s")
    if slowest > 3:
        raise AssertionError(f"making a file took {slowest:.1f} s")
    return sum(maker.made for maker in makers)


def main():
    attributed()
    started = time.monotonic()
    made = unmapping()
    seconds = time.monotonic() - started
    if seconds > LIMIT:
        raise AssertionError(f"took {seconds:.1f} s")
    rows = sql(
        "select count(*), count(distinct a.pid), min(a.pid) from thule.op o join thule.op_kind k on k.id = o.kind"
        f" join thule.actor a on a.id = o.actor where k.name = 'create' and convert_from(o.name, 'UTF8') ~ '^[0-9]+$'"
    )
    equal([[str(made), "1", str(os.getpid())]], rows, "who made the files: threads are their process")


main()
