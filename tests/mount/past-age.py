#!/usr/bin/python3
# An age is one instant for a while, whatever is written meanwhile; and numbers of files of the past are exact in a double, and of
# one file each.
import json
import os
import subprocess
import time

from case import MNT, equal, path, sql, write
from other import Other, eventually

THULE, CASE_DIR = os.environ["THULE"], os.environ["CASE_DIR"]
EXACT = 1 << 53


def keep_writing(name):
    """Runs until it is killed."""
    pid = os.fork()
    if pid == 0:
        n = 0
        while True:
            with open(path(name), "a", encoding="ascii") as f:
                f.write(f"{n}\n")
            n += 1
            time.sleep(0.001)
    return pid


def number_by_another(name):
    return int(subprocess.run(["stat", "-c", "%i", name], stdout=subprocess.PIPE, check=True).stdout)


def written_again(name):
    before = os.stat(path(name)).st_size
    eventually("something more is written", lambda: os.stat(path(name)).st_size > before)


def check_copy(age):
    copy = os.path.join(CASE_DIR, "copy")
    for _ in range(20):
        subprocess.run(["cp", os.path.join(age, "written"), copy], check=True)
        subprocess.run(["cp", "-a", age, copy + ".d"], check=True)
        subprocess.run(["rm", "-r", copy + ".d"], check=True)


def check_one_instant(top):
    """To a process that goes on using it, also for longer than others would have the same."""
    age = os.path.join(top, "1100ms")
    begin = time.monotonic()
    number = os.stat(os.path.join(age, "written")).st_ino
    equal(number, number_by_another(os.path.join(age, "written")), "to another process")
    with os.scandir(age) as listing:
        while time.monotonic() - begin < 6:
            equal(number, os.stat(os.path.join(age, "written")).st_ino, "while it is used")
            written_again("written")
        equal({"written", "same"}, {e.name for e in listing}, "a listing that was begun")
    # It is as long ago for who asks anew, also when this one goes on.
    def moved():
        os.stat(os.path.join(age, "written"))
        return number_by_another(os.path.join(age, "written")) != number
    eventually("the age moves on", moved)
    equal(number, os.stat(os.path.join(age, "written")).st_ino, "but not for who uses it")


def check_moves(top):
    """After a pause it is as long ago as it says."""
    other = Other()
    age = os.path.join(top, "1200ms", "written")
    number = other.call(os.stat, age).st_ino
    last = time.monotonic()
    eventually("a pause", lambda: time.monotonic() - last > 5.5)
    equal(False, other.call(os.stat, age).st_ino == number, "the same instant after a pause")
    other.end()


def numbers(top):
    """Of all names below a directory: by name, each as stat and as readdir have it."""
    found = {}
    for folder, _, _ in os.walk(top):
        with os.scandir(folder) as entries:
            for e in entries:
                st = e.stat(follow_symlinks=False)
                equal(st.st_ino, e.inode(), f"number of {e.path} in its directory")
                equal(True, 0 < st.st_ino < EXACT, f"{e.path}: {st.st_ino}")
                found[os.path.relpath(e.path, top)] = st.st_ino
    found["."] = os.stat(top).st_ino
    equal(True, found["."] < EXACT, top)
    return found


def check_numbers():
    os.mkdir(path("n"))
    os.mkdir(path("n/dir"))
    write("n/file", b"first")
    os.link(path("n/file"), path("n/dir/link"))
    os.symlink("file", path("n/symlink"))
    tops = []
    for i in range(3):
        write("n/file", b"version %d" % i)
        tops.append(f"op:{sql('select max(op) from thule.op')[0][0]}")
    subprocess.run([THULE, "snapshot", "create", "snap"], check=True, stdout=subprocess.DEVNULL)
    write("n/file", b"now")
    trees = [numbers(path("n"))] + [numbers(path(".thule", "at", t, "n")) for t in tops]
    for tree in trees:
        equal(tree["file"], tree["dir/link"], "names of one file")
        equal(5, len(set(tree.values())) + 1, "numbers of a tree with one hard link")
    seen = [n for tree in trees for n in set(tree.values())]
    equal(len(seen), len(set(seen)), "numbers of all trees")
    for place in (path(".thule"), path(".thule", "at"), path(".thule", "at", "snap")):
        equal(True, os.stat(place).st_ino < EXACT, place)
        equal(True, all(e.inode() < EXACT for e in os.scandir(place)), f"names of {place}")
    # Programs that tell hard links by these numbers copy each for itself.
    copy = os.path.join(CASE_DIR, "trees")
    os.mkdir(copy)
    archive = os.path.join(CASE_DIR, "trees.tar")
    subprocess.run(["tar", "-cf", archive, "-C", path(".thule", "at")] + [f"{t}/n" for t in tops] + ["-C", MNT, "n"], check=True)
    subprocess.run(["tar", "-xf", archive, "--force-local", "-C", copy], check=True)
    for i, t in enumerate(tops):
        with open(os.path.join(copy, t, "n", "dir", "link"), "rb") as f:
            equal(b"version %d" % i, f.read(), f"a link of {t} in an archive of several")

    other = os.path.join(CASE_DIR, "at")
    os.mkdir(other)
    subprocess.run([os.environ["THULEFS"], os.environ["THULE_SOURCE"], other, "-o", f"at={tops[0]}"], check=True,
                   stdout=subprocess.DEVNULL)
    try:
        equal(trees[0], numbers(os.path.join(other, "n")), "a mount of one instant has those of now")
    finally:
        subprocess.run([THULE, "umount", other], check=True, stdout=subprocess.DEVNULL)
    for arguments in (["stat", "/n/file"], ["ls", "/n"]):
        out = subprocess.run([THULE, *arguments, "--at", tops[1], "--json"], check=True, stdout=subprocess.PIPE).stdout
        rows = json.loads(out)
        for row in rows if isinstance(rows, list) else [rows]:
            name = os.path.basename(row.get("path") or row["name"])
            equal(trees[0][name], row["ino"], f"{arguments}: {row}")


def main():
    write("written", b"")
    write("same", b"same")
    pid = keep_writing("written")
    try:
        eventually("the files are older than the ages", lambda: sql(
            "select clock_timestamp() > o.at + interval '1300 ms' from thule.op o where o.kind ="
            " (select k.id from thule.op_kind k where k.name = 'create') order by o.op desc limit 1") == [["t"]])
        top = path(".thule", "at")
        check_copy(os.path.join(top, "1s"))
        check_one_instant(top)
        check_moves(top)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    check_numbers()


main()
