#!/usr/bin/python3
# flock(2), fcntl(2) locks of processes and of open files: as on every filesystem of one host.
# transport: uring
import errno
import fcntl
import os
import struct
from fcntl import F_GETLK, F_RDLCK, F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN

from case import equal, fails, path, write
from other import CLUSTER, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, Other, eventually, lock, open_file, waits


def new_file(name):
    write(name, b"x" * 1000)
    return os.stat(path(name)).st_ino


def flock_modes(other):
    new_file("flock")
    mine, theirs = open_file("flock"), other.call(open_file, "flock")
    fcntl.flock(mine, LOCK_SH)
    other.call(fcntl.flock, theirs, LOCK_SH | LOCK_NB)
    fails(errno.EWOULDBLOCK, fcntl.flock, mine, LOCK_EX | LOCK_NB)
    # The upgrade that failed has given up the lock that was held: see flock(2).
    fcntl.flock(mine, LOCK_SH | LOCK_NB)
    other.call(fcntl.flock, theirs, LOCK_UN)
    fcntl.flock(mine, LOCK_EX | LOCK_NB)
    fails(errno.EWOULDBLOCK, other.call, fcntl.flock, theirs, LOCK_SH | LOCK_NB)
    # Another open file of the same process is somebody else.
    second = open_file("flock")
    fails(errno.EWOULDBLOCK, fcntl.flock, second, LOCK_SH | LOCK_NB)
    fcntl.flock(mine, LOCK_SH | LOCK_NB)
    other.call(fcntl.flock, theirs, LOCK_SH | LOCK_NB)
    for fd in (mine, second):
        os.close(fd)
    other.call(os.close, theirs)


def flock_waits(other):
    ino = new_file("wait")
    mine, theirs = open_file("wait"), other.call(open_file, "wait")
    fcntl.flock(mine, LOCK_EX)
    other.start(fcntl.flock, theirs, LOCK_EX)
    waits(ino)
    fcntl.flock(mine, LOCK_UN)
    other.finish()
    fails(errno.EWOULDBLOCK, fcntl.flock, mine, LOCK_SH | LOCK_NB)
    other.call(fcntl.flock, theirs, LOCK_UN)
    fcntl.flock(mine, LOCK_EX)
    other.start(fcntl.flock, theirs, LOCK_SH)
    waits(ino)
    other.interrupt()
    fails(errno.EINTR, other.finish)
    # The last close of the open file releases, not the first.
    copy = os.dup(mine)
    os.close(mine)
    fails(errno.EWOULDBLOCK, other.call, fcntl.flock, theirs, LOCK_SH | LOCK_NB)
    os.close(copy)
    # The daemon hears of a close after it has returned.
    other.call(fcntl.flock, theirs, LOCK_EX)
    other.call(os.close, theirs)


def posix_ranges(other):
    new_file("range")
    mine, theirs = open_file("range"), other.call(open_file, "range")
    lock(mine, F_SETLK, F_WRLCK, 100, 100)
    other.call(lock, theirs, F_SETLK, F_WRLCK, 0, 100)
    other.call(lock, theirs, F_SETLK, F_RDLCK, 200, 0)
    fails(errno.EAGAIN, other.call, lock, theirs, F_SETLK, F_RDLCK, 199, 1)
    equal((F_WRLCK, 100, 100, os.getpid()), other.call(lock, theirs, F_GETLK, F_RDLCK, 150, 500), "F_GETLK")
    equal((F_RDLCK, 200, 0, other.pid), lock(mine, F_GETLK, F_WRLCK, 5000, 1), "F_GETLK to the end of file")
    equal(F_UNLCK, lock(mine, F_GETLK, F_RDLCK, 5000, 1)[0], "F_GETLK of a shared lock")
    # A hole in the middle makes two of one.
    lock(mine, F_SETLK, F_UNLCK, 140, 20)
    other.call(lock, theirs, F_SETLK, F_WRLCK, 140, 20)
    equal((F_WRLCK, 100, 40), other.call(lock, theirs, F_GETLK, F_WRLCK, 100, 1)[:3], "the left half")
    equal((F_WRLCK, 160, 40), other.call(lock, theirs, F_GETLK, F_WRLCK, 199, 1)[:3], "the right half")
    lock(mine, F_SETLK, F_RDLCK, 160, 40)
    other.call(lock, theirs, F_SETLK, F_RDLCK, 160, 40)
    readers = open_file("range", os.O_RDONLY)
    fails(errno.EBADF, lock, readers, F_SETLK, F_WRLCK, 900, 1)
    lock(readers, F_SETLK, F_RDLCK, 160, 1)
    # Any close of the file by the process releases all that it has.
    os.close(readers)
    other.call(lock, theirs, F_SETLK, F_WRLCK, 0, 0)
    other.call(os.close, theirs)
    os.close(mine)


def posix_waits(other):
    ino = new_file("posix-wait")
    mine, theirs = open_file("posix-wait"), other.call(open_file, "posix-wait")
    lock(mine, F_SETLK, F_WRLCK, 0, 10)
    other.start(lock, theirs, F_SETLKW, F_WRLCK, 5, 10)
    waits(ino)
    lock(mine, F_SETLK, F_UNLCK, 0, 10)
    other.finish()
    lock(mine, F_SETLK, F_WRLCK, 100, 10)
    other.start(lock, theirs, F_SETLKW, F_WRLCK, 100, 10)
    waits(ino)
    other.interrupt()
    fails(errno.EINTR, other.finish)
    # They have 5 to 14 and wait for 100; to wait for them would be for ever.
    other.start(lock, theirs, F_SETLKW, F_WRLCK, 100, 10)
    waits(ino)
    fails(errno.EDEADLK, lock, mine, F_SETLKW, F_WRLCK, 5, 1)
    os.close(mine)
    other.finish()
    other.call(os.close, theirs)


def open_file_locks(other):
    ino = new_file("ofd")
    mine, second, theirs = open_file("ofd"), open_file("ofd"), other.call(open_file, "ofd")
    lock(mine, F_OFD_SETLK, F_WRLCK, 0, 10)
    # Of the open file, not of the process.
    fails(errno.EAGAIN, lock, second, F_OFD_SETLK, F_RDLCK, 0, 1)
    equal((F_WRLCK, 0, 10, -1), lock(second, F_OFD_GETLK, F_RDLCK, 9, 1), "F_OFD_GETLK")
    # Kinds that conflict with each other, also within a process.
    fails(errno.EAGAIN, lock, mine, F_SETLK, F_WRLCK, 0, 1)
    holder = os.getpid() if CLUSTER else -1  # the kernel tells the daemon of no difference
    equal((F_WRLCK, 0, 10, holder), other.call(lock, theirs, F_GETLK, F_WRLCK, 0, 1), "F_GETLK of an ofd lock")
    # Another close does not release it.
    os.close(second)
    fails(errno.EAGAIN, other.call, lock, theirs, F_OFD_SETLK, F_WRLCK, 0, 1)
    other.start(lock, theirs, F_OFD_SETLKW, F_WRLCK, 0, 1)
    waits(ino)
    other.interrupt()
    fails(errno.EINTR, other.finish)
    other.start(lock, theirs, F_OFD_SETLKW, F_WRLCK, 0, 1)
    waits(ino)
    copy = os.dup(mine)
    os.close(mine)
    waits(ino)
    os.close(copy)
    other.finish()
    other.call(os.close, theirs)


def is_taken(take, fd):
    try:
        take(fd)
    except BlockingIOError:
        return False
    return True


def owner_dies():
    for name, take in (("flock", lambda fd: fcntl.flock(fd, LOCK_EX | LOCK_NB)),
                       ("posix", lambda fd: lock(fd, F_SETLK, F_WRLCK)),
                       ("ofd", lambda fd: lock(fd, F_OFD_SETLK, F_WRLCK))):
        new_file("dies")
        victim = Other()
        theirs = victim.call(open_file, "dies")
        command = {"posix": F_SETLK, "ofd": F_OFD_SETLK}.get(name)
        if command:
            victim.call(lock, theirs, command, F_WRLCK)
        else:
            victim.call(fcntl.flock, theirs, LOCK_EX)
        mine = open_file("dies")
        fails(errno.EAGAIN, take, mine)
        victim.kill()
        # The daemon hears of what an end closes when it has ended.
        eventually(f"{name} is released", lambda fd=mine, way=take: is_taken(way, fd))
        os.close(mine)


def without_a_name(other):
    ino = new_file("gone")
    mine, theirs = open_file("gone"), other.call(open_file, "gone")
    lock(mine, F_SETLK, F_WRLCK, 0, 10)
    fcntl.flock(mine, LOCK_EX)
    os.unlink(path("gone"))
    # A new file of that name has nothing to do with it.
    new_file("gone")
    fresh = other.call(open_file, "gone")
    other.call(lock, fresh, F_SETLK, F_WRLCK)
    other.call(fcntl.flock, fresh, LOCK_EX | LOCK_NB)
    fails(errno.EAGAIN, other.call, lock, theirs, F_SETLK, F_WRLCK, 0, 1)
    other.start(fcntl.flock, theirs, LOCK_EX)
    waits(ino)
    os.close(mine)
    other.finish()
    other.call(lock, theirs, F_SETLK, F_WRLCK, 0, 1)
    other.call(os.close, theirs)
    other.call(os.close, fresh)


def main():
    equal(32, struct.calcsize("hhqqi4x"), "struct flock")
    other = Other()
    flock_modes(other)
    flock_waits(other)
    posix_ranges(other)
    posix_waits(other)
    open_file_locks(other)
    without_a_name(other)
    other.end()
    owner_dies()


if __name__ == "__main__":
    main()
