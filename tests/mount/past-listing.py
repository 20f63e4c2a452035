#!/usr/bin/python3
# ls -l and find of the past ask the database for pages of names, and nothing about each file: neither which instant is meant nor
# for attributes that the file has not, nor for a name that is on a page. What does not stay what it was is asked for each time.
# transport: uring
import os
import subprocess
import time

from case import equal, path, shell, sql, write
from other import eventually

THULE = os.environ["THULE"]
FOLDERS, FILES = 3, 450
ENOUGH = FOLDERS * FILES / 5
COMMANDS = ("ls -lR {}", "find {} -size +1")


def questions():
    return int(shell("sql", "select coalesce(sum(count), 0) from thule.latency where operation like 'read_past_%' and phase = 'total'"))


def said(command, top):
    """What it says of all folders, by paths from the root of the mount, as people type it."""
    folders = [os.path.join(top, f"d{folder}") for folder in range(FOLDERS)]
    words = [word for part in command.split() for word in (folders if part == "{}" else [part])]
    return subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout.replace(top, "")


def asked(command, instant):
    """How many questions it takes: of some rounds one has to be undisturbed, since what was read is good for a second."""
    expected, rounds = said(command, path()), []
    while len(rounds) < 10 and not (rounds and rounds[-1] < ENOUGH):
        time.sleep(1.1)  # the kernel has names of the round before as long
        before = questions()
        equal(expected, said(command, path(".thule/at", instant)), f"{command} as of {instant}")
        rounds.append(questions() - before)
    return rounds


def check_questions(instant):
    for command in COMMANDS:
        rounds = asked(command, instant)
        equal(True, rounds[-1] < ENOUGH, f"{rounds} questions for {command} of {FOLDERS * FILES} files as of {instant}")


def check_attributes(top):
    """What is listed first is still asked for attributes that it has."""
    os.listdir(os.path.join(top, "d2"))
    equal(b"1", os.getxattr(os.path.join(top, "d2", "f009"), "user.a"), "an attribute")
    equal(["user.a"], os.listxattr(os.path.join(top, "d2", "f009")), "attributes of a file with one")
    equal([], os.listxattr(os.path.join(top, "d2", "f010")), "attributes of a file without")
    equal(True, "user:daemon:r--" in subprocess.run(["getfacl", os.path.join(top, "d1", "f007")], stdout=subprocess.PIPE,
                                                    stderr=subprocess.DEVNULL, check=True, text=True).stdout, "an access list")  # fmt: skip


def check_snapshot():
    """Its name can be given to another instant, and be taken away: at once, for one process."""
    def made():
        write("d0/f000", os.urandom(8).hex().encode())
        subprocess.run([THULE, "snapshot", "create", "again"], check=True, stdout=subprocess.DEVNULL)
        with open(path("d0/f000"), "rb") as now, open(path(".thule/at/again/d0/f000"), "rb") as then:
            equal(now.read(), then.read(), "a file of a snapshot")

    made()
    subprocess.run([THULE, "snapshot", "delete", "again"], check=True, stdout=subprocess.DEVNULL)
    equal(False, os.path.exists(path(".thule/at/again")), "a snapshot that was deleted")
    made()
    write("d0/f000", b"now")
    with open(path(".thule/at/now/d0/f000"), "rb") as f:
        equal(b"now", f.read(), "a file as of now")


def main():
    for folder in range(FOLDERS):
        os.mkdir(path(f"d{folder}"))
        for file in range(FILES):
            write(f"d{folder}/f{file:03}", b"x" * file)
    subprocess.run(["setfacl", "-m", "u:1:r", path("d1", "f007")], check=True)
    os.setxattr(path("d2", "f009"), "user.a", b"1")
    shell("sync_fs")
    op, at = sql("select max(op), max(at)::timestamptz + interval '1 microsecond' from thule.op")[0]
    made = time.monotonic()
    for instant in (f"op:{op}", at):
        check_questions(instant)
    check_attributes(path(".thule/at", at))
    eventually("that this is two seconds old", lambda: time.monotonic() - made > 2)
    check_questions("2s")
    check_snapshot()


main()
