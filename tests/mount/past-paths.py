#!/usr/bin/python3
"""A path that is given with an instant is walked in the tree of that instant: its names, its symbolic links, its directories.
The command, SQL and .thule/at agree, with what the kernel found at the time."""
# db: private
# options: allow_other
import json
import os
import random
import subprocess

from case import MNT, equal, path, sql, write
from visitor import ALICE, contains, homes, thule as thule_as

THULE = os.environ["THULE"]
CASE_DIR = os.environ["CASE_DIR"]


def thule(*arguments, cwd=None, fails=None):
    done = subprocess.run([THULE, *arguments], capture_output=True, cwd=cwd, check=False)
    out, err = os.fsdecode(done.stdout), os.fsdecode(done.stderr)
    equal(1 if fails else 0, done.returncode, f"status of thule {arguments} in {cwd}, which said {err!r}")
    if fails:
        contains(fails, err, f"thule {arguments}")
    return out


def now():
    return int(sql("select max(op) from thule.op")[0][0])


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def in_sql(name, op):
    """By the time as well as by the op. A link as the last name has no content of its own."""
    place = f"(thule_internal.walk_at_op({quote(name)}, {op}, {name.endswith('/up')})).place"
    [[by_op, by_time]] = sql(
        f"select convert_from(thule.content_at_op({place}, {op}), 'UTF8'), convert_from(thule.content("
        f"{quote(name) if not name.endswith('/up') else place}, (select at from thule.op where op = {op})), 'UTF8')")
    equal(by_op, by_time, f"{name} at op {op}, by op and by time")
    return by_op


def same(content, name, op, absolute=False):
    """Of the present nothing is asked: it is what makes the difference."""
    at = f"op:{op}"
    equal(content, thule("cat", path(name), "--at", at), f"cat {name}")
    equal(content, thule("cat", "/" + name, "--at", at), f"cat /{name}")
    equal(content, thule("cat", name, "--at", at, cwd=MNT), f"cat of the relative {name}")
    equal(content, in_sql("/" + name, op), f"SQL {name}")
    if not absolute:
        with open(path(".thule/at", at, name), encoding="utf-8") as f:
            equal(content, f.read(), f".thule/at of {name}")


def releases():
    for n in (1, 2):
        os.makedirs(path(f"rel{n}/deep"))
        write(f"rel{n}/c", b"release %d" % n)
        write(f"rel{n}/deep/f", b"deep %d" % n)
    os.symlink("rel1", path("cur"))
    os.symlink(MNT + "/cur/deep", path("absolute"))
    os.symlink("../../rel1/../cur/c", path("rel1/deep/up"))
    first = now()
    os.unlink(path("cur"))
    os.symlink("rel2", path("cur"))
    write("last", b"")
    second = now()
    for n, op in ((1, first), (2, second)):
        same(f"release {n}", "cur/c", op)
        same(f"release {n}", "rel1/deep/up", op)
        same(f"deep {n}", "absolute/f", op, absolute=True)
        same(f"release {n}", "cur/deep/../c", op)
        at = f"op:{op}"
        equal(f"/rel{n}/c", json.loads(thule("stat", path("cur/c"), "--at", at, "--json"))["path"], "stat")
        equal(f"/rel{n}", json.loads(thule("stat", path("cur/"), "--at", at, "--json"))["path"], "stat of the directory")
        equal("symlink", json.loads(thule("stat", path("cur"), "--at", at, "--json"))["kind"], "stat of the link")
        equal(["c", "deep"], [e["name"] for e in json.loads(thule("ls", path("cur/"), "--at", at, "--json"))], "ls")
        tar = subprocess.run([THULE, "tar", path("cur/"), "--at", at], check=True, capture_output=True).stdout
        equal(b"release %d" % n, subprocess.run(["tar", "-xO", "./c"], input=tar, check=True, capture_output=True).stdout, "tar")
        log = json.loads(thule("log", path("cur/c"), "--until", at, "--json"))
        equal({f"/rel{n}/c"}, {c["path"] for c in log}, "log until then")
        ino = os.stat(path(f"rel{n}/c")).st_ino
        equal(str(ino), sql(f"select thule.resolve('/cur/c', (select at from thule.op where op = {op}))")[0][0], "resolve")
    # By link or not, what changed is one file.
    write("rel2/c", b"changed 2")
    write("rel1/c", b"changed 1")
    third = now()
    rows = json.loads(thule("diff", f"op:{second}", f"op:{third}", path("cur/c"), "--json"))
    equal(["/rel2/c"], [r["path"] for r in rows], "diff of what the path leads to")
    contains("release 1", thule("cat", path("cur/c"), "--at", f"op:{first}"), "a path of then")
    thule("restore", path("cur/c"), "--at", f"op:{first}")
    equal(("release 1", "changed 2"), (open(path("rel1/c")).read(), open(path("rel2/c")).read()), "restored where it was")
    thule("undo", "--since", f"op:{third}", "--until", f"op:{third}", path("cur/c"), fails="no such change")
    thule("undo", "--since", f"op:{second + 1}", "--until", f"op:{third}", path("cur/c"), "--yes")
    equal("release 2", open(path("rel2/c")).read(), "undone through the link")
    equal("2", sql("select count(distinct ino) from thule.change where path like '/rel_/c' and kind = 'create'")[0][0], "files")


def replaced():
    """What is something else today."""
    os.makedirs(path("d/sub"))
    write("d/sub/f", b"below")
    write("gone", b"gone")
    op = now()
    os.unlink(path("gone"))
    os.rename(path("d"), path("elsewhere"))
    write("d", b"a file")
    os.symlink("elsewhere/sub", path("new"))
    same("below", "d/sub/f", op)
    same("gone", "gone", op)
    same("below", "new/f", now())
    thule("cat", path("new/f"), "--at", f"op:{op}", fails="was no /new/f")
    thule("cat", path("elsewhere/sub/f"), "--at", f"op:{op}", fails="was no /elsewhere")
    thule("cat", path("d/sub/f"), fails="/d is no directory")
    equal({"/d/sub/f"}, {c["path"] for c in json.loads(thule("log", path("d/sub/f"), "--until", f"op:{op}", "--json"))}, "log")
    os.unlink(path("d"))
    os.symlink("d", path("d"))
    same("below", "d/sub/f", op)
    thule("cat", path("d/sub/f"), fails="too many levels of symbolic links")


def outside():
    with open(os.path.join(CASE_DIR, "outside"), "w", encoding="utf-8") as f:
        f.write("not of this filesystem")
    os.symlink(os.path.join(CASE_DIR, "outside"), path("out"))
    os.symlink("..", path("above"))
    os.symlink("loop2", path("loop1"))
    os.symlink("loop1", path("loop2"))
    os.symlink(MNT, path("root"))
    odd = "tab\tnew\nline 'quoted' \"b\\ack\"\udcff"
    os.mkdir(path(odd))
    write(odd + "/f\udcfe", b"odd")
    os.symlink(odd, path("odd\udcff"))
    op = now()
    for name in ("out", "above", "loop1", "loop2", "odd\udcff", "root"):
        os.unlink(path(name))
    os.rename(path(odd), path("even"))
    at = f"op:{op}"
    thule("cat", path("out"), "--at", at, fails="leads out of the filesystem")
    thule("ls", path("out/"), "--at", at, fails="leads out of the filesystem")
    thule("ls", path("above/"), "--at", at, fails="root of the filesystem")
    thule("cat", path("loop1/x"), "--at", at, fails="too many levels of symbolic links")
    name = os.path.basename(MNT)
    equal("odd", thule("cat", path("above", name, odd, "f\udcfe"), "--at", at), "out of the mount and in again")
    equal("odd", thule("cat", path("root/odd\udcff/f\udcfe"), "--at", at), "through links with odd names")
    equal("odd", thule("cat", os.path.join(MNT, "..", name, odd, "f\udcfe"), "--at", at), ".. outside")
    link = os.path.join(CASE_DIR, "link")
    os.symlink(path(odd), link)
    equal("odd", thule("cat", link + "/f\udcfe", "--at", at), "a link from outside into what is not there any more")


def directories():
    """A relative path begins in the directory where one is, whatever that was called, and if it was not there, at its path."""
    os.mkdir(path("w"))
    write("w/f", b"first")
    write("beside", b"beside")
    first = now()
    os.rename(path("w"), path("x"))
    write("x/f", b"second")
    equal("first", thule("cat", "f", "--at", f"op:{first}", cwd=path("x")), "in a directory that was moved")
    equal("beside", thule("cat", "../beside", "--at", f"op:{first}", cwd=path("x")), "beside it")
    equal("/w/f", json.loads(thule("stat", "./f", "--at", f"op:{first}", "--json", cwd=path("x")))["path"], "its path of then")
    thule("restore", "f", "--at", f"op:{first}", cwd=path("x"))
    equal("first", open(path("x/f")).read(), "restored where the directory is now")
    os.rename(path("x"), path("y"))
    os.mkdir(path("x"))
    second = now()
    equal("first", thule("cat", "f", "--at", f"op:{second - 2}", cwd=path("x")), "where another directory had the path")
    os.chdir(path("x"))
    os.rmdir(path("x"))
    equal([], json.loads(thule("ls", ".", "--at", f"op:{second}", "--json")), "in a directory that was removed")
    os.chdir("/")


def bound():
    if os.geteuid():
        return
    os.makedirs(path("sub/in"))
    write("sub/in/f", b"bound")
    os.symlink("../../beside", path("sub/in/leaves"))
    op = now()
    b = os.path.join(CASE_DIR, "b")
    os.mkdir(b)
    subprocess.run(["mount", "--bind", path("sub"), b], check=True)
    try:
        os.rename(path("sub/in"), path("sub/was"))
        os.symlink("was", path("sub/in"))
        write("sub/was/f", b"later")
        equal("bound", thule("cat", b + "/in/f", "--at", f"op:{op}"), "below a bind mount")
        os.rename(path("sub"), path("moved"))
        equal("bound", thule("cat", b + "/in/f", "--at", f"op:{op}"), "below one of what was renamed")
        equal("later", thule("cat", b + "/in/f"), "and now")
        thule("cat", b + "/in/leaves", "--at", f"op:{op}", fails="above the root")
        # What is mounted in ours is the kernel's.
        os.mkdir(path("over"))
        over = now()
        subprocess.run(["mount", "--bind", path("moved/was"), path("over")], check=True)
        equal("later", thule("cat", path("over/f"), "--at", f"op:{over}"), "through a mount in the mount")
    finally:
        subprocess.run(["umount", path("over")], check=False)
        subprocess.run(["umount", b], check=True)


def visitor():
    if os.geteuid():
        return
    homes()
    os.mkdir(path("open"))
    write("open/f", b"for all")
    write("closed/f", b"for none")
    os.symlink("open", path("way"))
    op = f"op:{now()}"
    os.unlink(path("way"))
    os.symlink("closed", path("way"))
    equal("for all", thule_as(ALICE, "cat", path("way/f"), "--at", op), "the link of then")
    contains("you may not look into", thule_as(ALICE, "cat", path("way/f"), status=1), "the link of now")
    os.chdir(path("open"))
    equal("for all", thule_as(ALICE, "cat", path("open/f"), "--at", op), "in a directory")
    os.chdir("/")


class Random:
    """Names, links and directories come and go; at each op it is remembered what the kernel found where."""

    names = ("a", "b", "c")

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.top = path(f"random{seed}")
        self.seen = {}
        os.mkdir(self.top)

    def walk(self, least=1):
        parts = self.random.choices(self.names + ("..", "."), weights=(4, 4, 4, 1, 1), k=self.random.randint(least, 5))
        return "/".join(parts) + self.random.choice(("", "", "", "/"))

    def change(self):
        here = os.path.join(self.top, "/".join(self.random.choices(self.names, k=self.random.randint(1, 3))))
        kind = self.random.randrange(7)
        if kind == 0:
            os.mkdir(here)
        elif kind == 1:
            with open(here, "x", encoding="utf-8"):
                pass
        elif kind in (2, 3):
            target = self.walk()
            os.symlink(self.random.choice((target, os.path.join(self.top, target))), here)
        elif kind == 4:
            os.unlink(here)
        elif kind == 5:
            os.rmdir(here)
        else:
            os.rename(here, os.path.join(self.top, "/".join(self.random.choices(self.names, k=self.random.randint(1, 3)))))

    def look(self):
        """Where the path leads, and where without the last link."""
        op = now()
        for _ in range(12):
            walk = self.walk()
            answers = []
            for ask in (os.stat, os.lstat):
                try:
                    found = ask(os.path.join(self.top, walk))
                    answers.append(str(found.st_ino) if found.st_dev == os.stat(MNT).st_dev else None)
                except OSError:
                    answers.append("")
            if None not in answers:
                self.seen[(op, f"{self.top[len(MNT):]}/{walk}")] = tuple(answers)

    def run(self, steps):
        done = 0
        while done < steps:
            try:
                self.change()
            except OSError:
                continue
            done += 1
            self.look()
        values = ", ".join(f"({op}::bigint, {quote(p)})" for op, p in self.seen)
        rows = sql(
            "select q.op, q.path, (thule_internal.walk_at_op(q.path, q.op, true)).ino, thule.resolve_at_op(q.path, q.op),"
            " (select array_agg(distinct l.ino) from thule_internal.led_at(q.path) l where l.op_from <= q.op and l.op_to > q.op)"
            f" from (values {values}) q (op, path)")
        equal(len(self.seen), len(rows), "answers")
        found = 0
        for op, p, followed, plain, ever in rows:
            equal(self.seen[(int(op), p)], (followed, plain), f"{p} at op {op}")
            if not p.endswith("/"):
                equal(plain and "{" + plain + "}", ever, f"{p} at op {op}, from all that it ever led to")
            found += bool(plain)
        equal(True, found > len(rows) // 20, f"{found} of {len(rows)} paths led anywhere")


releases()
replaced()
outside()
directories()
bound()
visitor()
for s in (1, 2):
    Random(s).run(35)
