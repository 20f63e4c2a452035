#!/usr/bin/python3
# thule fsck --repair while another user writes: what lost its name is in lost+found, as the mount sees it at once; nobody's acknowledged bytes
# are lost, what is open goes on, others and roles with fewer rights are refused, and Ctrl-C does not leave it half done.
# labels: long
# options: allow_other
import json
import os
import signal
import stat
import subprocess
import sys

from case import MNT, equal, fails, need_root, path, read, shell, sql, write
from locked import Locked
from other import eventually
from terminal import Terminal
from visitor import ALICE

THULE, DB, SOURCE = os.environ["THULE"], os.environ["CASE_DB"], os.environ["THULE_SOURCE"]
ROLE = DB.replace("-", "_").replace(".", "_").lower() + "_reader"


def fsck(*arguments, status=0, source=None, **named):
    environment = {**os.environ, **({"THULE_DB": source} if source else {})}
    done = subprocess.run([THULE, "fsck", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
                          env=environment, **named)
    equal(status, done.returncode, f"status of thule fsck {arguments}, which said {done.stdout}{done.stderr}")
    return done.stdout if status in (0, 1) and not done.stderr.startswith("thule: give") else done.stderr


def contains(word, text):
    if word not in text:
        raise AssertionError(f"no {word!r} in {text!r}")


LOAD = """
import os, sys
number = 0
while True:
    fd = os.open(f"alice/f{number}", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, f"{number} ".encode() * 1000)
    os.fsync(fd)
    os.close(fd)
    print(number, flush=True)
    number += 1
"""


class Load:
    """Alice writes files, and says of which fsync has come back."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-c", LOAD], cwd=MNT, user=ALICE, group=ALICE, extra_groups=[], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def end(self):
        self.process.terminate()
        said, wrong = self.process.communicate(timeout=120)
        equal("", wrong, "what the writer says")
        for number in said.split():
            equal(f"{number} ".encode() * 1000, read(f"alice/f{number}"), f"bytes of file {number}")
        return len(said.split())


def ino(*names):
    return os.stat(path(*names)).st_ino


def build():
    os.mkdir(path("alice"))
    os.chown(path("alice"), ALICE, ALICE)
    os.makedirs(path("tree", "deep"))
    write("tree/deep/file", b"in the tree")
    write("single", b"alone")
    write("open", b"before ")
    write("counted", b"x")


def spoil():
    """By SQL beside the daemon, which knows nothing of it."""
    tree, single, opened, counted = ino("tree"), ino("single"), ino("open"), ino("counted")
    sql(f"""delete from thule.dirent where ino in ({tree}, {single}, {opened});
        update thule.inode set nlink = 7 where ino = {counted};
        insert into thule.blob (id, data) select next_blob - 1 + 1000000, 'found again' from thule.superblock;
        update thule.superblock set next_blob = next_blob + 1000001""")
    return tree, single, opened, counted


def check_said(counted):
    """Who wrote the row, as text and as JSON; what would be done; and who may not."""
    fsck(status=1)
    found = json.loads(fsck("--json", status=1))
    one = next(f for f in found if f["check_id"] == "nlink" and f["ino"] == counted)
    contains("(pid ", one["by"])
    equal(sql(f"select op_from from thule.inode where ino = {counted}")[0][0], str(one["op"]), "the op that wrote the row")
    contains(f"op {one['op']} of {one['by']}", fsck(status=1))
    contains("moved to lost+found", fsck("--repair", "--dry-run", status=1))
    equal({f["check_id"] for f in found}, {f["check_id"] for f in json.loads(fsck("--repair", "--dry-run", "--json", status=1))}, "what is to be repaired")
    contains("give --yes", fsck("--repair", status=2))
    contains("give both", fsck("--yes", status=2))
    contains("give one of them", fsck("--repair", "--yes", "--dry-run", status=2))
    shell("sql", f"create role {ROLE} login; grant usage on schema thule, thule_internal to {ROLE}; grant select on all tables in schema thule to {ROLE}")
    reader = SOURCE.replace("//" + os.environ["PGUSER"] + "@", "//" + ROLE + "@")
    contains("nlink", fsck(status=1, source=reader))
    before = sql("select count(*) from thule.request")
    done = subprocess.run([THULE, "fsck", "--repair", "--yes"], env={**os.environ, "THULE_DB": reader}, capture_output=True, text=True, check=False, timeout=120)
    equal(1, done.returncode, "status of a repair by a role that may only read")
    contains("permission denied", done.stderr)
    equal(before, sql("select count(*) from thule.request"), "requests after it")
    terminal = Terminal(THULE, "fsck", "--repair")
    terminal.type(b"no\n")
    equal(1, terminal.wait(), "status after no")
    equal(0, len(sql("select 1 from thule.op where tag like 'fsck:%'")), "ops of a repair that nobody wanted")


def check_interrupted():
    """Ctrl-C while the daemon is at it: the repair is done whole."""
    lock = Locked("history_lock", mode="share")
    process = subprocess.Popen([THULE, "fsck", "--repair", "--yes", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lock.waited_for()
    process.send_signal(signal.SIGINT)
    contains("cannot be cancelled", process.stderr.readline())
    lock.release()
    out, _ = process.communicate(timeout=120)
    equal(0, process.returncode, f"status of a repair that was interrupted, which said {out}")
    return json.loads(out)


def check_tree(tree, single, opened, counted, fd):
    for name in ("tree", "single", "open"):
        fails(2, os.stat, path(name))
    lost = "lost+found"
    equal(0o700, stat.S_IMODE(os.stat(path(lost)).st_mode), "mode of lost+found")
    blobs = [name for name in os.listdir(path(lost)) if name.startswith("blob-")]
    equal({f"#{n}" for n in (tree, single, opened)} | set(blobs), set(os.listdir(path(lost))), "what is in lost+found")
    equal(b"in the tree", read(f"{lost}/#{tree}/deep/file"), "a file of a tree that lost its name")
    equal(b"alone", read(f"{lost}/#{single}"), "a file that lost its name")
    equal([b"found again"], [read(f"{lost}/{name}") for name in blobs], "bytes that nothing referred to")
    equal(1, os.stat(path("counted")).st_nlink, "links of a file")
    os.write(fd, b"after")
    os.close(fd)
    equal(b"before after", read(f"{lost}/#{opened}"), "what was written to an open file")
    os.rename(path(lost, f"#{tree}"), path("tree"))
    equal(b"in the tree", read("tree/deep/file"), "a tree that was put back")


def main():
    need_root()
    build()
    fd = os.open(path("open"), os.O_WRONLY | os.O_APPEND)
    os.fsync(fd)
    spoilt = spoil()
    load = Load()
    try:
        check_said(spoilt[3])
        answer = check_interrupted()
    finally:
        written = load.end()
    equal(True, written > 0, f"files written meanwhile: {written}")
    equal((0, True), (answer["left_count"], answer["repaired_count"] >= 5), f"what was left and repaired: {answer}")
    check_tree(*spoilt, fd)
    contains("sound", fsck())
    contains("sound", fsck("--repair", "--dry-run"))
    contains("nothing to repair", fsck("--repair", "--yes"))
    kinds = [row[0] for row in sql(f"select kind from thule.change where tag = '{answer['tag']}' order by op")]
    equal(("mkdir", 4), (next(k for k in kinds if k in ("mkdir", "link")), kinds.count("link")), f"ops of the repair: {kinds}")
    eventually("nobody waits", lambda: sql("select 1 from thule.request where done_at is null") == [])


try:
    main()
finally:
    shell("sql", f"do $$ begin if exists (select from pg_roles where rolname = '{ROLE}') then drop owned by {ROLE}; drop role {ROLE}; end if; end $$")
