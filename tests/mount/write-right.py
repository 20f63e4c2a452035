#!/usr/bin/python3
"""The right to write changes hands between the mount and SQL transactions: what they commit is what the mount shows from then on, what is rolled
back was never there, and each waits for the other, and for nothing else."""

import errno
import mmap
import os
import subprocess

import hand
from case import MNT, equal, fails, path, read, shell, sql, write
from other import Other, eventually
from psql import Psql


def last_op():
    return int(shell("sql", "select max(op) from thule.op"))


def holder():
    return shell("sql", "select w.application_name, w.has from thule.write_holder() w")


def requests():
    return subprocess.run([os.environ["THULE"], "status", MNT, "--requests"], stdout=subprocess.PIPE, check=True, text=True).stdout


def mode(name):
    return os.stat(path(name)).st_mode & 0o7777


def sound(what):
    equal([], sql("select * from thule.fsck"), f"fsck {what}")


def check_at_once(s):
    """What was committed is shown at the latest when the next transaction has the right: kernel caches of attributes, names and pages included."""
    os.mkdir(path("now"))
    write("now/f", b"0")
    for n in range(1, 16):
        known = (read("now/f"), mode("now/f"), os.path.exists(path(f"now/{n}")), len(os.listdir(path("now"))))
        s.do(f"select thule.chmod('/now/f', {384 + n}), thule.put('/now/f', '{n}'), thule.create('/now/{n}')")
        if n % 2:
            s.do("select thule.write_shown()")
        else:
            hand.begin(s)
        shown = (read("now/f"), mode("now/f"), os.path.exists(path(f"now/{n}")), len(os.listdir(path("now"))))
        if not n % 2:
            s.do("commit")
        equal((str(n).encode(), 384 + n, True, known[3] + 1), shown, f"what is shown after {known}")
    sound("after changes that were waited for")


def check_listed(s):
    """A listing does not bring back attributes that are out of date, of what is open."""
    os.mkdir(path("listed"))
    fd = os.open(path("listed/f"), os.O_CREAT | os.O_RDWR)
    os.fchmod(fd, 0o600)
    s.do("select thule.chmod('/listed/f', 416)")
    s.do("select thule.write_shown()")
    os.listdir(path("listed"))
    equal(0o640, mode("listed/f"), "mode of what was listed")
    os.close(fd)


def check_shown(s):
    """Attributes, names, names that are not there, pages and mappings, through what is open and by path."""
    os.mkdir(path("d"))
    write("d/f", b"before" * 1000)
    write("d/gone", b"gone")
    fd = os.open(path("d/f"), os.O_RDWR)
    gone = os.open(path("d/gone"), os.O_RDONLY)
    with mmap.mmap(fd, 6000, mmap.MAP_SHARED, mmap.PROT_READ) as pages:
        equal(b"before", pages[:6], "a mapping")
        equal(["f", "gone"], sorted(os.listdir(path("d"))), "names")
        equal(False, os.path.exists(path("d/new")), "a name that is not there")
        hand.change(s, "chmod('/d/f', 384)", "write('/d/f', 0, 'behind')", "create('/d/new')", "unlink('/d/gone', true)")
        eventually("the name that was removed", lambda: not os.path.exists(path("d/gone")))
        equal(b"behind", pages[:6], "the mapping after the commit")
    equal(b"behindbefore", os.pread(fd, 12, 0), "bytes through what is open")
    equal(0o600, os.fstat(fd).st_mode & 0o7777, "mode through what is open")
    equal(["f", "new"], sorted(os.listdir(path("d"))), "names after the commit")
    equal(True, os.path.exists(path("d/new")), "the name that was not there")
    equal((0, b"gone"), (os.fstat(gone).st_nlink, os.pread(gone, 10, 0)), "what lost its name while it is open")
    os.close(gone)
    eventually("it ends with its last close", lambda: sql("select i.ino from thule.inode i where i.nlink = 0") == [])
    os.pwrite(fd, b"again!", 0)
    os.close(fd)
    hand.change(s, "rename('/d/f', '/d/moved')", "unlink('/d/new', true)")
    eventually("the other name", lambda: os.listdir(path("d")) == ["moved"])
    equal(b"again!before", read("d/moved")[:12], "bytes by the other name")
    eventually("what nobody had open has ended", lambda: sql("select i.ino from thule.inode i where i.nlink = 0") == [])
    sound("after changes by SQL")


def check_waits(s):
    """While a transaction has the right, changes wait and say for what; reading, opening and closing go on; of a rollback nothing is left."""
    write("w", b"w")
    before = last_op()
    hand.begin(s)
    equal("case|t", holder(), "who has the right")
    s.do("select fx.chmod('/w', 448)")
    other = Other()
    other.start(os.chmod, path("w"), 0o640)
    eventually("the change waits", lambda: "SQL transaction" in requests())
    equal((b"w", 0o644), (read("w"), mode("w")), "reading goes on, of what was before")
    fails(2, os.stat, path("nothing"))
    s.do("rollback")
    other.finish()
    equal(0o640, mode("w"), "mode after the rollback")
    equal([["chmod"]], sql(f"select k.name from thule.op o join thule.op_kind k on k.id = o.kind where o.op > {before}"), "ops")
    equal("", holder(), "nobody has the right")
    other.end()


def check_made(s):
    """What a transaction makes while the mount waits to make it is opened then, unless it was to be new."""
    os.mkdir(path("m"))                                 # the kernel lets one process at a time make a name in a directory
    hand.begin(s)
    s.do("select fx.create('/made')")
    s.do("select fx.create('/m/new')")
    there, new = Other(), Other()
    there.start(os.open, path("made"), os.O_CREAT | os.O_WRONLY)
    new.start(os.open, path("m/new"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    eventually("both wait", lambda: requests().count("SQL transaction") >= 2)
    s.do("commit")
    there.finish()
    fails(errno.EEXIST, new.finish)
    equal(["new"], os.listdir(path("m")), "names")
    sound("after both made a file")
    there.end()
    new.end()


def check_savepoint(s):
    """Going back to a savepoint from before it had the right gives that back; later it asks anew."""
    write("s", b"s")
    s.do("begin")
    s.do("savepoint a")
    s.do("select thule_internal.write_begin()")
    s.do("select fx.chmod('/s', 448)")
    s.do("rollback to a")
    os.chmod(path("s"), 0o640)
    s.do("select thule_internal.write_begin()")
    s.do("savepoint b")
    s.do("select thule_internal.write_begin()")
    s.do("select fx.chmod('/s', 449)")
    s.do("rollback to b")
    equal("case|t", holder(), "it still has the right")
    s.do("select fx.truncate('/s', 0)")
    s.do("commit")
    eventually("the size", lambda: os.stat(path("s")).st_size == 0)
    equal(0o640, mode("s"), "mode")
    sound("after savepoints")


def check_turns(s):
    """SQL and the mount in turns: each sees what the other did, and no op is lost or done twice."""
    write("t", b"")
    before = last_op()
    for n in range(25):
        hand.change(s, f"chmod('/t', {0o600 + n % 8})")
        eventually("the mode", lambda n=n: mode("t") == 0o600 + n % 8)
        os.chmod(path("t"), 0o640 + n % 8)
    kinds = sql(f"select k.name, o.op - {before} from thule.op o join thule.op_kind k on k.id = o.kind where o.op > {before} order by o.op")
    equal([["chmod", str(n + 1)] for n in range(50)], kinds, "ops of both")
    sound("after turns")


def check_three(s):
    """Two sessions of SQL and a process of the mount at once."""
    other, second = Other(), Psql("second")
    write("n", b"")
    before = last_op()
    hand.begin(s)
    s.do("select fx.chmod('/n', 449)")
    second.start("begin; select thule_internal.write_begin(); select fx.chmod('/n', 450); commit")
    other.start(os.chmod, path("n"), 0o640)
    eventually("the second waits", lambda: shell("sql", "select waiting from thule.write_holder()") == "1")
    equal(True, second.waits(), "the second has no answer")
    s.do("commit")
    second.finish()
    equal("", second.error, "the second")
    other.finish()
    equal("3", sql(f"select count(*) from thule.op where op > {before}")[0][0], "ops of all")
    sound("after three")
    second.end()
    other.end()


def check_snapshots(s):
    """Transactions of one snapshot: refused, with the reason, only when it is older than what the mount committed."""
    write("r", b"")
    sql("select")
    for isolation in ("repeatable read", "serializable"):
        hand.begin(s, isolation)
        s.do("select fx.chmod('/r', 449)")
        s.do("commit")
        eventually("the mode", lambda: mode("r") == 0o701)
        s.do(f"begin isolation level {isolation}")
        s.do("select 1")
        os.chmod(path("r"), 0o640)
        sql("select")
        s("select thule_internal.write_begin()")
        equal((True, True), ("40001" in s.error, "Try the transaction again" in s.error), s.error)
        s.do("rollback")


def check_circle(s):
    """A transaction that has locked what the daemon has to write is refused the right, and nobody stands still."""
    write("c", b"c")
    sql("select")
    s.do("begin; select from thule.superblock for update")
    os.chmod(path("c"), 0o640)
    s("select thule_internal.write_begin()")
    equal(True, "TH035" in s.error, s.error)
    s.do("rollback")
    equal(0o640, mode("c"), "mode")


def main():
    write("first", b"")
    sql("select")
    hand.install()
    s = Psql()
    for check in (check_shown, check_waits, check_made, check_savepoint, check_turns, check_three, check_snapshots, check_circle):
        check(s)
    check_listed(s)
    check_at_once(s)
    s.end()


main()
