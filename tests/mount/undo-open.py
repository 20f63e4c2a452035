#!/usr/bin/python3
"""What processes have open while thule undo and restore change or remove it: a file that loses its name goes on until it is
closed, as after unlink; one whose content goes back shows it; and nothing that was written meanwhile is lost. THULE_UNDO_SEED chooses the random numbers."""

import errno
import hashlib
import json
import mmap
import os
import random
import shutil
import subprocess
import time

from case import MNT, equal, fails, path, read, remount, shell, sql, write
from other import Other, eventually

THULE = os.environ["THULE"]
SEED = int(os.environ.get("THULE_UNDO_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
rng = random.Random(SEED)


def thule(*arguments):
    done = subprocess.run([THULE, *arguments, "--json"], stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def sound(what):
    equal([], sql("select * from thule.fsck"), f"fsck {what}")


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


def nameless():
    return int(sql("select count(*) from thule.inode where nlink = 0")[0][0])


def make(name, data):
    """By another process, to be undone by its pid."""
    other = Other()
    other.call(write, name, data)
    other.end()
    return other.pid


def check_removed():
    """The file is made by what is undone: it loses its name while it is open."""
    pid = make("made", b"first" * 1000)
    fd = os.open(path("made"), os.O_RDWR)
    os.setxattr(fd, "user.a", b"kept")
    result = thule("undo", "--pid", str(pid), "--force")
    equal(False, os.path.exists(path("made")), "the name after undo")
    equal(0, os.fstat(fd).st_nlink, "links of what is open")
    equal(b"first" * 1000, os.pread(fd, 10000, 0), "content of what is open")
    equal(b"kept", os.getxattr(fd, "user.a"), "an attribute of it")
    equal(6, os.pwrite(fd, b"second", 0), "bytes written to it")
    os.ftruncate(fd, 10)
    os.fsync(fd)
    equal(b"secondrstf"[:6] + (b"first" * 2)[6:], os.pread(fd, 100, 0), "content after a write")
    equal(1, nameless(), "inodes without a name")
    sound("while it is open")

    # Undone again, it has its name back, with what was written meanwhile.
    again = thule("undo", "--tag", result["tag"])
    equal([], again["conflicts"], "conflicts")
    equal(1, os.fstat(fd).st_nlink, "links with the name back")
    equal(10, len(read("made")), "size with the name back")
    os.close(fd)
    os.unlink(path("made"))
    eventually("no inode without a name", lambda: nameless() == 0)
    sound("after it was closed")


def check_last_close():
    """It goes with its last handle, and can still be brought back."""
    write("kept", b"then")
    pid = make("made", b"abc")
    fds = [os.open(path("made"), os.O_RDONLY) for _ in range(2)]
    ino = os.fstat(fds[0]).st_ino
    result = thule("undo", "--pid", str(pid))
    os.close(fds[0])
    equal(b"abc", os.pread(fds[1], 10, 0), "content through the handle that is left")
    os.close(fds[1])
    eventually("it is gone", lambda: nameless() == 0)
    equal("0", sql(f"select count(*) from thule.extent where ino = {ino}")[0][0], "its extents")
    sound("after the last close")
    thule("undo", "--tag", result["tag"])
    equal(b"abc", read("made"), "brought back")
    sound("after it was brought back")


def check_restore():
    """What was made since goes, what was replaced comes back: both while open."""
    os.mkdir(path("dir"))
    write("dir/old", b"old")
    old = os.open(path("dir/old"), os.O_RDWR)
    then = last_op()
    write("dir/new", b"new")
    os.rename(path("dir/new"), path("dir/old"))
    write("dir/more", b"more")
    fds = [os.open(path(n), os.O_RDWR) for n in ("dir/old", "dir/more")]
    equal(0, os.fstat(old).st_nlink, "links of what was replaced")
    thule("restore", path("dir"), "--at", f"op:{then}")
    equal(["old"], os.listdir(path("dir")), "names after restore")
    equal(1, os.fstat(old).st_nlink, "links of what came back")
    equal(os.fstat(old).st_ino, os.stat(path("dir/old")).st_ino, "the file that came back")
    for fd, data in zip(fds, (b"new", b"more")):
        equal((0, data), (os.fstat(fd).st_nlink, os.pread(fd, 10, 0)), "what restore took the name of")
        os.pwrite(fd, b"X", 0)
    for fd in fds + [old]:
        os.close(fd)
    equal(b"old", read("dir/old"), "content after restore")
    eventually("they are gone", lambda: nameless() == 0)
    sound("after restore")


def remove_tree(name):
    shutil.rmtree(path(name))


def check_directory():
    """A directory that comes back is whole, also where somebody has something open in the one that was removed, or is in it."""
    os.makedirs(path("top/middle/low"))
    write("top/middle/low/file", b"content")
    write("top/beside", b"content")
    fd = os.open(path("top/middle/low/file"), os.O_RDONLY)
    folder = os.open(path("top/middle"), os.O_RDONLY | os.O_DIRECTORY)
    other = Other()
    other.call(os.chdir, path("top/middle/low"))
    for _ in range(2):
        wrecker = Other()
        wrecker.call(remove_tree, "top")
        thule("undo", "--pid", str(wrecker.pid))
        wrecker.end()
        equal(["beside", "middle"], sorted(os.listdir(path("top"))), "names in the top")
        equal(["file"], os.listdir(path("top/middle/low")), "names below")
        equal((b"content", b"content"), (read("top/middle/low/file"), os.pread(fd, 100, 0)), "a file below, by its name and open")
        write("top/middle/new", b"new")
        os.rename(path("top/middle/new"), path("top/middle/low/new"))
        os.unlink(path("top/middle/low/new"))
    os.close(fd)
    os.close(folder)
    other.end()
    remove_tree("top")
    sound("after directories came back")


def make_rooms():
    os.makedirs(path("house/room"))


def check_working_directory():
    """Who is in a directory that undo removes sees what there is to see after rmdir."""
    wrecker, upper, lower = Other(), Other(), Other()
    wrecker.call(make_rooms)
    upper.call(os.chdir, path("house"))
    lower.call(os.chdir, path("house/room"))
    lower.call(os.listdir, ".")
    result = thule("undo", "--pid", str(wrecker.pid))
    wrecker.end()
    for other in (upper, lower):
        equal((0, 0o40755), other.call(links_and_mode), "links and mode of where it is")
        equal([], other.call(os.listdir, "."), "names in it")
        for function, *arguments in (
            (os.getcwd,), (os.stat, "room"), (os.mkdir, "new"), (create, "new"), (os.unlink, "room"), (os.rename, "a", "b"),
            (os.link, path("kept"), "new"), (os.symlink, "x", "new"), (os.rename, path("kept"), "new"),
        ):  # fmt: skip
            fails(errno.ENOENT, other.call, function, *arguments)
        other.call(os.chdir, MNT)
    thule("undo", "--tag", result["tag"])
    equal(["room"], upper.call(os.listdir, "house"), "names when it is back")
    upper.end()
    lower.end()
    os.rmdir(path("house/room"))
    os.rmdir(path("house"))


def links_and_mode():
    st = os.stat(".")
    return st.st_nlink, st.st_mode


def create(name):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))


def check_content():
    """Content that goes back is seen through what is open, also mapped and of another size."""
    size = 300_000
    write("content", b"a" * size)
    pid = make("content", b"b" * (size // 2))
    fd = os.open(path("content"), os.O_RDWR)
    view = mmap.mmap(fd, size // 2)
    equal(b"b", view[:1], "mapped before")
    equal(b"b" * (size // 2), os.pread(fd, size, 0), "read before")
    thule("undo", "--pid", str(pid))
    equal(size, os.fstat(fd).st_size, "size through what is open")
    equal(b"a" * size, os.pread(fd, size, 0), "read after")
    equal(b"a", view[:1], "mapped after")
    equal(2, os.pwrite(fd, b"cc", 10), "written after")
    equal(b"aacca", os.pread(fd, 5, 8), "what was written")
    view.close()
    os.close(fd)
    sound("after content went back")


def lines(first, count):
    return b"".join(b"line %06d\n" % i for i in range(first, first + count))


def append(name, data):
    with open(path(name), "ab") as f:
        f.write(data)


def becomes(name, data, what):
    """What the kernel put at the end that it knew is gone some moments later."""
    eventually(what, lambda: read(name) == data)


def check_append():
    """Who appends to an open file goes on at the end that it has then, be that nearer or farther."""
    write("log", lines(0, 100))
    fd = os.open(path("log"), os.O_WRONLY | os.O_APPEND)
    other = Other()
    other.call(append, "log", lines(900, 50))
    thule("undo", "--pid", str(other.pid))
    other.end()
    os.write(fd, lines(100, 1))
    becomes("log", lines(0, 101), "appended after the end came nearer")
    other = Other()
    other.call(os.truncate, path("log"), 60)
    thule("undo", "--pid", str(other.pid))
    other.end()
    os.write(fd, lines(101, 50_000))
    becomes("log", lines(0, 50_101), "appended after the end went farther")
    os.write(fd, lines(50_101, 1))
    becomes("log", lines(0, 50_102), "appended after that")
    os.close(fd)
    remount()
    equal(lines(0, 50_102), read("log"), "after remount")
    sound("after appends")


SLOTS, LENGTH, TURNS = 64, 4096, 6
PACE = 0.002  # s between two writes of one, or the history would be large
shared = mmap.mmap(-1, 16)  # with the writers: when to stop, and what they have done


def done(which):
    return int.from_bytes(shared[which * 8 : which * 8 + 7], "little")


def note(which, n):
    shared[which * 8 : which * 8 + 7] = n.to_bytes(7, "little")


def stopped():
    return shared[15] != 0


def slot(n):
    return b"%08d" % n * (LENGTH // 8)


def write_slots(name):
    """Numbers that grow, each at the next place, through one handle; returns the last one that each place has."""
    fd = os.open(path(name), os.O_RDWR)
    last = [0] * SLOTS
    n = 0
    while not stopped():
        n += 1
        place = rng.randrange(SLOTS)
        equal(LENGTH, os.pwrite(fd, slot(n), place * LENGTH), "bytes written")
        last[place] = n
        note(0, n)
        time.sleep(PACE)
    os.close(fd)
    return last


def write_log(name):
    """Lines through one handle that appends; returns how many."""
    fd = os.open(path(name), os.O_WRONLY | os.O_APPEND)
    n = 0
    while not stopped():
        os.write(fd, lines(n, 1))
        n += 1
        note(1, n)
        time.sleep(PACE)
    os.close(fd)
    return n


def wreck(name, ino, seed):
    """What is to be undone: names and attributes of the file that others write to, and other files in its place."""
    random.seed(seed)
    for _ in range(30):
        full, other = path(name), path(name + str(random.randrange(3)))
        kind = random.choice(["chmod", "unlink", "rename", "over", "make", "make", "xattr"])
        if kind == "make" and not (os.path.exists(other) and os.stat(other).st_ino == ino):
            write(os.path.basename(other), b"w" * random.randrange(20_000))
        try:
            if kind == "chmod":
                os.chmod(full, random.choice([0o600, 0o640, 0o644]))
            elif kind == "unlink":
                os.unlink(full)
            elif kind == "rename":
                os.rename(full, other)
            elif kind == "over":
                os.rename(other, full)
            elif kind == "xattr":
                os.setxattr(full, "user.w", b"w")
        except FileNotFoundError:
            pass


def overwrite(name, seed):
    """Places of the file that is written to, by name, where that is there."""
    random.seed(seed)
    with open(path(name), "r+b") as f:
        for _ in range(20):
            f.seek(random.randrange(SLOTS * LENGTH))
            f.write(b"wreck" * random.randrange(1, 1000))
            f.flush()


def bytes_by(pid, ino):
    return int(sql("select sum(o.len) from thule.op o join thule.actor a on a.id = o.actor"
                   f" where a.pid = {pid} and o.ino = {ino} and o.kind = 10")[0][0])


def check_load():
    """Two write without a pause to what they have open, while what a third does to it is undone again and again. All that
    was acknowledged is there."""
    write("slots", slot(0) * SLOTS)
    os.truncate(path("slots"), SLOTS * LENGTH * 2)  # so that no overwriting changes the size
    write("lines", b"")
    inos = [os.stat(path(n)).st_ino for n in ("slots", "lines")]
    writers = [Other(), Other()]
    writers[0].start(write_slots, "slots")
    writers[1].start(write_log, "lines")
    for turn in range(TURNS):
        wrecker = Other()
        eventually("the writers go on", lambda before=(done(0), done(1)): done(0) > before[0] + 20 and done(1) > before[1] + 20)
        seed = SEED + turn
        wrecker.call(overwrite, "slots", seed)
        for name, ino in zip(("slots", "lines"), inos):
            wrecker.call(wreck, name, ino, seed)
        wrecker.end()
        result = thule("undo", "--pid", str(wrecker.pid))
        for conflict in result["conflicts"]:
            equal("content", conflict["action"], f"a conflict: {conflict}")
        equal(inos, [os.stat(path(n)).st_ino for n in ("slots", "lines")], f"the files after turn {turn}, seed {SEED}")
        sound(f"after turn {turn}, seed {SEED}")
    shared[15] = 1
    last, count = [w.finish() for w in writers]
    for number, writer in enumerate(writers):
        each = (LENGTH, len(lines(0, 1)))[number]
        equal(done(number) * each, bytes_by(writer.pid, inos[number]), f"bytes of writer {number} in the log")
        writer.end()
    equal(["lines", "slots"], sorted(os.listdir(MNT)), "names in the end")
    for seen in ("mounted", "mounted again"):
        content = read("slots")
        for place in range(SLOTS):
            equal(slot(last[place]), content[place * LENGTH : (place + 1) * LENGTH], f"place {place}, {seen}, seed {SEED}")
        equal(lines(0, count), read("lines"), f"lines, {seen}, seed {SEED}")
        equal(hashlib.sha256(content).hexdigest(), sql("select encode(sha256(thule.content('/slots')), 'hex')")[0][0], "content in SQL")
        remount()
    sound("in the end")


def check_crash():
    """What has lost its name and is open is cleared up by the next mount, if the daemon dies first."""
    pid = make("crash", b"abc")
    fd = os.open(path("crash"), os.O_RDWR)
    thule("undo", "--pid", str(pid))
    equal(1, nameless(), "inodes without a name")
    os.pwrite(fd, b"more", 100)
    shell("kill_daemon")
    os.close(fd)
    shell("mount_fs")
    eventually("no inode without a name", lambda: nameless() == 0)
    sound("after the daemon died")


def main():
    print("seed", SEED)
    check_load()
    for name in os.listdir(MNT):
        os.unlink(path(name))
    check_removed()
    check_last_close()
    check_restore()
    check_directory()
    check_working_directory()
    check_content()
    check_append()
    check_crash()


main()
