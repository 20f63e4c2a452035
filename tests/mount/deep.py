#!/usr/bin/python3
# Directories in each other, made in a moment by anybody: the log, a difference, an undo and the past of them read as much as
# there is of them; and what has no path to the root is not to be reached in the past.
# options: allow_other
import errno
import os
import re
import subprocess

from case import MNT, as_user, equal, fails, path, sql, write

THULE = os.environ["THULE"]
DEPTH = 1500
MAKE = f"""
import os
os.chdir({MNT!r})
for _ in range({DEPTH}):
    os.mkdir('d')
    os.chdir('d')
open('file', 'w').write('down here')
"""
BOB = 65531


def thule(*arguments):
    done = subprocess.run([THULE, *arguments], cwd=MNT, capture_output=True, text=True, check=False)
    equal(0, done.returncode, f"thule {arguments[0]}: {done.stderr}")
    return done.stdout


def buffers(query):
    plan = "\n".join(row[0] for row in sql(f"explain (analyze, buffers, timing off, summary off) {query}"))
    read = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan)
    return sum(int(n) for n in read.groups() if n)


def now():
    return int(sql("select max(op) from thule.op")[0][0])


def check_deep():
    before = now()
    thule("run", "--tag", "deep", "--", "python3", "-c", MAKE)
    after = now()
    longest = "/d" * DEPTH + "/file"
    sql("analyze")
    equal([[longest]], sql("select distinct path from thule.change where kind = 'create'"), "path in the log")
    if longest not in thule("log", "-n", "5", "--json"):
        raise AssertionError("thule log has no path of it")
    if longest not in thule("diff", f"op:{before}", f"op:{after}", "--json"):
        raise AssertionError("thule diff has no path of it")
    # Some 3 buffers a step; what is asked of all directories, some for each.
    for query, bound in (
        (f"select path from thule.change where op > {after - 20}", 20 * DEPTH * 8),
        (f"select path from thule_internal.diff_ops({before}, {after}, null)", DEPTH * 200),
        ("select path from thule.file", DEPTH * 50),
        (f"select path from thule.file_at_op({after})", DEPTH * 50),
        ("select * from thule.usage('directory')", DEPTH * 200),
    ):
        read = buffers(query)
        if read > bound:
            raise AssertionError(f"{query} reads {read} buffers")

    # In the past: nothing there has a path that fits in one call.
    steps = 300
    os.chdir(path(".thule", "at", f"op:{after}"))
    for _ in range(steps):
        os.chdir("d")
    equal(["d"], os.listdir("."), "a directory of the past")
    os.chdir("/")

    if "/d" * DEPTH not in thule("undo", "--tag", "deep", "--dry-run"):
        raise AssertionError("the plan of an undo has no path of it")
    thule("undo", "--tag", "deep", "--yes")
    equal([], [name for name in os.listdir(MNT) if name == "d"], "what is left after the undo")


def check_circle():
    """A name of the present that leads to no root, as only rows made by hand can, refuses all but root."""
    os.makedirs(path("a", "b"))
    write("a/b/f", b"once")
    os.chmod(path("a", "b", "f"), 0o644)
    then = now()
    inos = {name: os.stat(path(name)).st_ino for name in ("a", "a/b")}

    def reads():
        with open(path(".thule", "at", f"op:{then}", "a", "b", "f"), "rb") as f:
            equal(b"once", f.read(), "the file of then")

    as_user(BOB, reads)
    # Another instant, so that nothing of the one before is in anybody's cache.
    write("a/b/f", b"more", "ab")
    then = now()
    sql(f"""insert into thule.dirent_history
            select parent, name, ino, cookie, op_from, valid_from, {then} + 1, now() from thule.dirent where ino = {inos["a"]};
        update thule.dirent set parent = {inos["a/b"]}, op_from = {then} + 1 where ino = {inos["a"]}""")
    try:
        node = path(".thule", "at", f"op:{then}", "a")
        equal(["b"], os.listdir(node), "root's view")
        as_user(BOB, lambda: fails(errno.EACCES, os.listdir, node))
        as_user(BOB, lambda: fails(errno.EACCES, os.stat, os.path.join(node, "b")))
    finally:
        sql(f"""update thule.dirent d set parent = h.parent, op_from = h.op_from
                from thule.dirent_history h where h.ino = {inos["a"]} and d.ino = h.ino;
            delete from thule.dirent_history where ino = {inos["a"]}""")


check_deep()
if os.geteuid() == 0:
    check_circle()
