#!/usr/bin/python3
# mount: no
# options: locks=cluster
"""Locks that hold across mounts, when their session ends: they are kept where nobody else has taken one meanwhile; else files that were locked fail. A daemon
that is killed has none, and closing a file waits for no database."""

import errno
import fcntl
import os
from fcntl import F_SETLK, F_SETLKW, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH

from case import equal, fails, is_refused, shell
from hosts import Hosts
from other import Other, eventually, lock

HELD = "select path, kind, mode, first_byte, last_byte, waiting from thule.file_lock order by 1, 2, 4, 6"


def sql(query):
    return shell("sql", query)


def session():
    return sql("select string_agg(pid::text, ' ') from pg_stat_activity where application_name = 'thulefs locks' and datname = current_database()")


def make(host, name):
    with open(host.path(name), "wb") as f:
        f.write(b"x" * 100)
    return os.open(host.path(name), os.O_RDWR)


def nobody_asked(host):
    """Without a lock there is no session, and closing costs nothing."""
    os.close(make(host, "quiet"))
    equal("", session(), "sessions for locks before the first")


def kept(host, other):
    """The session ends, and goes on with its locks, and with who waits."""
    fd = make(host, "kept")
    lock(fd, F_SETLK, F_WRLCK, 0, 10)
    fcntl.flock(fd, LOCK_EX)
    before = session()
    theirs = other.call(os.open, host.path("kept"), os.O_RDWR)
    other.start(lock, theirs, F_SETLKW, F_WRLCK, 5, 10)
    eventually("the other waits", lambda: "|t" in sql(HELD))
    sql(f"select pg_terminate_backend({before})")
    eventually("another session", lambda: session() not in ("", before))
    eventually("the other waits again", lambda: "|t" in sql(HELD))
    equal("/kept|flock|write|0||f\n/kept|posix|write|0|9|f\n/kept|posix|write|5|14|t", sql(HELD), "locks of the next session")
    os.write(fd, b"y")
    lock(fd, F_SETLK, F_UNLCK)
    other.finish()
    fails(errno.EAGAIN, lock, fd, F_SETLK, F_WRLCK, 5, 1)
    # Who waits is woken by a signal, and by its end.
    other.call(lock, theirs, F_SETLK, F_WRLCK, 0, 1)
    other.call(os.close, theirs)
    victim = Other()
    theirs = victim.call(os.open, host.path("kept"), os.O_RDWR)
    victim.start(fcntl.flock, theirs, LOCK_SH)
    eventually("the victim waits", lambda: "|t" in sql(HELD))
    victim.kill()
    eventually("the victim waits no longer", lambda: "|t" not in sql(HELD))
    os.close(fd)
    eventually("nothing is held", lambda: sql(HELD) == "")


TAKEN = """do $$
declare
    taken thule.cluster_lock;
begin
    select l.* into taken from thule.cluster_lock l order by l.ino limit 1;
    insert into thule.lock_session values (7, 1);
    perform pg_advisory_lock(thule_internal.lease_key(), 7);
    if (select s.outcome from thule_internal.lock_set(7, taken.ino, taken.flock, 1, true, 5, 5, null, null) s) <> 'done' then
        raise exception 'it was not to be had';
    end if;
end $$"""


def cut(host):
    host.proxy.shut()
    host.proxy.cut("thulefs locks")


def lost(host):
    """Somebody else takes one of them while the session is away."""
    fd, untouched = make(host, "lost"), make(host, "untouched")
    lock(fd, F_SETLK, F_WRLCK, 0, 10)
    cut(host)
    sql("select 1")
    eventually("the server has noticed", lambda: session() == "")
    sql(TAKEN)
    host.proxy.open()
    eventually("the daemon has", lambda: "the locks on files that were held are lost" in host.said())
    for function, arguments in ((os.write, (b"y",)), (os.ftruncate, (0,)), (os.pread, (10, 0)), (lock, (F_SETLK, F_WRLCK)),
                                (os.posix_fallocate, (0, 200)), (fcntl.flock, (LOCK_SH,))):
        eventually(f"{function.__name__} fails", lambda f=function, a=arguments: is_refused(f, fd, *a))
        fails(errno.EIO, function, fd, *arguments)
    os.write(untouched, b"y")
    with open(host.path("lost"), "r+b", buffering=0) as f:
        equal(b"x", f.read(1), "a byte of the file, opened again")
        f.write(b"y")
        fcntl.flock(f, LOCK_EX | LOCK_NB)
    lock(fd, F_SETLK, F_UNLCK)
    os.close(fd)
    os.close(untouched)


def away(host):
    """The database is away: who closes does not wait, who waits can be killed, and what was closed is released when it is back."""
    fd = make(host, "away")
    lock(fd, F_SETLK, F_WRLCK, 0, 10)
    os.fsync(fd)
    host.silence()
    victim = Other()
    theirs = victim.call(os.open, host.path("away"), os.O_RDONLY)
    victim.start(fcntl.flock, theirs, LOCK_SH)
    os.close(fd)
    victim.kill()
    host.mend()
    eventually("nothing is held", lambda: sql(HELD) == "")


def killed(one, two):
    """A daemon is killed, and another host has the locks."""
    fd = make(one, "killed")
    fcntl.flock(fd, LOCK_EX)
    os.fsync(fd)
    one.kill()
    two.mount("locks=cluster")
    with open(two.path("killed"), "r+b", buffering=0) as f:
        fcntl.flock(f, LOCK_EX)
        f.write(b"y")
    fails(errno.ENOTCONN, os.close, fd)
    two.unmount()
    equal("", sql("select l.* from thule.cluster_lock l"), "locks after the last mount")


def main():
    with Hosts("one", "two") as (one, two):
        one.refused("locks=cluster and keeper do not go together", "locks=cluster,keeper")
        one.mount("locks=cluster")
        other = Other()
        nobody_asked(one)
        kept(one, other)
        lost(one)
        away(one)
        other.end()
        killed(one, two)


main()
