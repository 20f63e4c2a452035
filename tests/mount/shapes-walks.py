#!/usr/bin/python3
# transport: uring
# lock: kernel-caches
# What is asked of the database for who walks a tree, counted: statements for each directory and for many files, and what is there before
# anybody asks for it. Never times.
import json
import os
import subprocess
import time

from case import MNT, equal, path, remount
from other import eventually

FOLDERS, FILES, SIZE, LARGE = 30, 40, 3000, 2500


def thule(*words):
    return json.loads(subprocess.run([os.environ["THULE"], *words, "--json"], stdout=subprocess.PIPE, check=True).stdout.splitlines()[0])


def counts():
    """Requests and statements since the mount, those that have ended."""
    counted = {o["operation"]: o["count"] for o in thule("top", MNT, "--once")["operations"]}
    return lambda *names: sum(counted.get(name, 0) for name in names)


def held():
    """Bytes of files that were asked for and that nobody has read."""
    done = subprocess.run([os.environ["THULE"], "status", MNT, "--json"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["memory"]["file data"]["used"]


def content(folder, name):
    return f"{folder}/{name} ".encode() * (SIZE // 10)


def make(first=0, last=FOLDERS):
    for d in range(first, last):
        os.makedirs(path("tree", f"d{d:02}"))
        for f in range(FILES):
            with open(path("tree", f"d{d:02}", f"f{f:02}"), "wb") as out:
                out.write(content(f"d{d:02}", f"f{f:02}"))


def folders():
    return [entry.name for entry in os.scandir(path("tree"))]


def read_some(folder, names):
    for name in names:
        with open(path("tree", folder, name), "rb") as f:
            equal(True, f.read() == content(folder, name), f"the bytes of {folder}/{name}")


def at_most(limit, count, what):
    if count > limit:
        raise AssertionError(f"{what}: expected at most {limit}, got {count}")


def commands():
    """A statement for each directory, and one for many files."""
    for command in ("find {}", "ls -lR {}", "tar -cf - -C {} . | cat", "! grep -r 'nowhere to be found' {}"):
        remount()
        subprocess.run(["sh", "-c", command.format(MNT)], stdout=subprocess.DEVNULL, check=True)
        count = counts()
        at_most(FOLDERS + 5, count("read_dir"), f"statements for names: {command}")
        at_most(FOLDERS, count("read_files", "read_data"), f"statements for the bytes of {FOLDERS * FILES} files: {command}")


def listed_again():
    """Of what the kernel has, ls -l asks for names alone: it is not given entries again, which would cost it the access lists that it knows."""
    remount()
    for command in ("ls -lR {}", "rm -r {}/tree/d00 && chmod 600 {}/tree/d01/f* && ls -lR {}", "ls -lR {}"):
        subprocess.run(["sh", "-c", command.replace("{}", MNT)], stdout=subprocess.DEVNULL, check=True)
    files = (FOLDERS - 1) * FILES
    before = counts()
    subprocess.run(["ls", "-lR", MNT], stdout=subprocess.DEVNULL, check=True)
    after = counts()
    names = ("lookup", "getattr", "getxattr")
    # A directory that was read has another access time for the kernel, which asks for its attributes and then for its lists.
    at_most(3 * (FOLDERS + 2), after(*names) - before(*names), f"requests for {files} files that were listed before")
    with open("/proc/sys/vm/drop_caches", "w") as drop:
        drop.write("2")
    time.sleep(0.1)
    os.utime(path("tree"))
    before = counts()
    subprocess.run(["ls", "-lR", MNT], stdout=subprocess.DEVNULL, check=True)
    after = counts()
    at_most(FOLDERS, after("lookup", "getattr") - before("lookup", "getattr"), f"requests for {files} files that the kernel forgot")
    make(first=0, last=1)


def listings_ahead():
    """Who has listed four of the sub-directories finds the next ones there."""
    remount()
    for folder in folders()[:4]:
        os.listdir(path("tree", folder))
    eventually("names of directories that nobody has listed", lambda: counts()("read_dir") >= 12)
    at_most(FOLDERS, counts()("read_dir"), "statements for names")


def page_ahead():
    """Who lists the first names of a large directory finds the second thousand there."""
    os.mkdir(path("large"))
    for i in range(LARGE):
        os.close(os.open(path("large", f"f{i}"), os.O_CREAT | os.O_WRONLY))
    remount()
    with os.scandir(path("large")) as entries:
        for _ in range(LARGE // 4):
            next(entries)
        # One for the name of the directory, or for the root's names.
        eventually("names that nobody has listed", lambda: counts()("read_dir") >= 2)
    remount()
    equal(LARGE, len(os.listdir(path("large"))), "names")
    at_most(LARGE // 1000 + 2, counts()("read_dir"), "statements for names of a large directory")


def files_ahead():
    """Who has read the files of two directories finds those of the next one there, which nobody has touched."""
    remount()
    for folder in folders()[:2]:
        read_some(folder, os.listdir(path("tree", folder)))
    eventually("bytes of the next directory", lambda: held() >= FILES * SIZE * 3 // 4)
    at_most(MAX_AHEAD, held(), "bytes that nobody has read")


def within_a_directory():
    """The second half of a directory is there when the first has been read."""
    remount()
    folder = folders()[0]
    read_some(folder, sorted(os.listdir(path("tree", folder)))[:FILES // 2 + 2])
    eventually("bytes of its other files", lambda: held() >= (FILES // 2 - 2) * SIZE * 3 // 4)


def in_another_order():
    """Directories, or files, in another order than they are listed in cost a statement or two for each directory."""
    for step in (1, -1):
        remount()
        for folder in sorted(folders())[::-1]:
            read_some(folder, sorted(os.listdir(path("tree", folder)))[::step])
        at_most(2 * FOLDERS, counts()("read_files", "read_data"), "statements for bytes, in another order")
        at_most(MAX_AHEAD, held(), "bytes that nobody has read")


def one_of_each():
    """One file of each directory, and nothing of its neighbours."""
    remount()
    for folder in folders():
        os.listdir(path("tree", folder))
        read_some(folder, ["f07"])
    count = counts()
    equal((0, FOLDERS), (count("read_files"), count("read_data")), "statements for many files, and for one")
    equal(0, held(), "bytes that nobody has read")


def forgotten():
    """What the kernel forgets it tells by the dozen where nobody waits for that, and not one by one: the median of three."""
    if os.environ.get("THULE_TEST_TRANSPORT") != "uring":
        return
    told = []
    for d in range(FOLDERS - 1, FOLDERS - 4, -1):
        before = counts()("forget", "batch_forget")
        subprocess.run(["rm", "-r", path("tree", f"d{d:02}")], check=True)
        told.append(counts()("forget", "batch_forget") - before)
    at_most(FILES // 4, sorted(told)[1], f"requests that tell what was forgotten of {FILES} files")


MAX_AHEAD = 1 << 20

make()
commands()
listed_again()
listings_ahead()
page_ahead()
within_a_directory()
files_ahead()
in_another_order()
one_of_each()
forgotten()
