#!/usr/bin/python3
# db: private
"""What ends while the right to write is lent, or asked for: a transaction's session, the daemon, its session, the server, the mount. Nothing is half
done, and nothing is done twice."""

import os
import subprocess

import hand
from case import MNT, equal, path, read, shell, sql, write
from other import Other, eventually
from psql import Psql
from stopped import Stopped


def mode(name):
    return os.stat(path(name)).st_mode & 0o7777


def lent():
    return shell("sql", "select w.has from thule.write_holder() w") == "t"


def sound(what):
    equal([], sql("select * from thule.fsck"), f"fsck {what}")


def begun(bits):
    """A transaction that has the right, and has changed the mode of the file."""
    s = Psql()
    hand.begin(s)
    s.do(f"select fx.chmod('/f', {bits})")
    return s


def end(backend):
    shell("sql", f"select pg_terminate_backend({backend})")


def check_session():
    """The transaction's session ends: a rollback, and the mount goes on."""
    s, other = begun(0o700), Other()
    other.start(os.chmod, path("f"), 0o640)
    end(s.pid)
    other.finish()
    equal(0o640, mode("f"), "mode")
    other.end()


def check_drain():
    """The daemon's session ends while it has lent the right: the transaction goes on, the daemon comes back and shows what it wrote."""
    s = begun(0o701)
    end(shell("sql", "select thule.lease_holder()"))
    eventually("nobody has the lease", lambda: shell("sql", "select thule.lease_holder() is null") == "t")
    s.do("select fx.chmod('/f', 450)")
    s.do("commit")
    eventually("the mode", lambda: mode("f") == 0o702)
    os.chmod(path("f"), 0o640)
    sound("after a lost session")


def check_waiter():
    """Who waits for a daemon that stands still can be cancelled, has lock_timeout, and leaves nothing behind."""
    s = Psql()
    pid = int(shell("daemon_pid"))
    with Stopped(pid):
        s.do("set lock_timeout = '300ms'")
        s("select thule_internal.write_begin()")
        equal(True, "EBUSY" in s.error, s.error)
        s.do("set lock_timeout = 0")
        s.start("select thule_internal.write_begin()")
        eventually("it waits", lambda: shell("sql", "select has from thule.write_holder() w") == "f")
        shell("sql", f"select pg_cancel_backend({s.pid})")
        s.finish()
        equal(True, "57014" in s.error, s.error)
    os.chmod(path("f"), 0o600)
    hand.change(s, "chmod('/f', 449)")
    eventually("the mode", lambda: mode("f") == 0o701)
    s.end()


def check_limit():
    """Whoever has the right for too long is told by the next function, and then ended; only while somebody waits."""
    shell("sql", "do $$ begin execute format('alter database %I set thule.write_limit = ''1s''', current_database()); end $$")
    s, other = begun(0o700), Other()
    s.do("select pg_sleep(1.5)")
    s.do("select thule_internal.write_begin()")
    other.start(os.chmod, path("f"), 0o640)
    eventually("it is hurried", lambda: shell("sql", "select thule_internal.write_hurried()") == "t")
    s("select thule_internal.write_begin()")
    equal((True, True), ("TH110" in s.error, "write_limit" in s.error), s.error)
    s.do("rollback")
    other.finish()
    equal(0o640, mode("f"), "mode")
    s.end()
    s = begun(0o700)
    other.start(os.chmod, path("f"), 0o644)
    other.finish()
    equal(0o644, mode("f"), "mode")
    s("select 1")
    equal(True, "57P01" in s.error or "closed the connection" in s.error, s.error)
    other.end()


def check_stranger():
    """A role that may merely connect holds whatever it likes, and stops nobody."""
    shell("sql", "create role stranger_of_case login")
    shell("sql", "grant usage on schema thule to stranger_of_case; grant select on thule.lease to stranger_of_case")
    stranger, s = Psql("stranger"), Psql()
    stranger.do("set role stranger_of_case")
    stranger("begin; lock table thule.write_queue")
    equal(True, "42501" in stranger.error, stranger.error)
    stranger.do("rollback")
    hand.begin(s)
    key = shell("sql", "select key from thule.lease")
    stranger.do("set session authorization stranger_of_case")
    stranger.do(f"select pg_advisory_lock_shared(thule_internal.lease_key(), {key})")
    s.do("commit")
    eventually("another key", lambda: shell("sql", "select key from thule.lease") != key)
    os.chmod(path("f"), 0o640)
    hand.change(s, "chmod('/f', 449)")
    eventually("the mode", lambda: mode("f") == 0o701)
    stranger.end()
    shell("sql", "drop owned by stranger_of_case; drop role stranger_of_case")
    s.end()


def check_server():
    """The server starts again."""
    s = begun(0o700)
    shell("restart_db")
    os.chmod(path("f"), 0o641)
    equal(0o641, mode("f"), "mode after the server was started again")
    sound("after the server was started again")
    del s


def check_daemon():
    """The daemon is killed: the transaction goes on, and a mount waits for its end; until there is one, others are refused."""
    s, second = begun(0o700), Psql()
    shell("kill_daemon")
    s.do("select fx.chmod('/f', 448)")
    s.do("commit")
    eventually("the daemon's session has ended", lambda: shell("sql", "select thule.lease_holder() is null") == "t")
    second("select thule_internal.write_begin()")
    equal((True, True), ("TH016" in second.error, MNT in second.error), second.error)
    shell("mount_fs")
    equal(0o700, mode("f"), "mode in the next mount")
    hand.change(second, "chmod('/f', 449)")
    eventually("the mode", lambda: mode("f") == 0o701)
    second.end()
    s.end()


def check_unmount():
    """An unmount ends who has the right for too long; without a mount nobody is waited for, and who mounts waits."""
    s = begun(0o700)
    shell("umount_fs")
    s("select 1")
    equal(True, s.error != "", "the transaction was ended")
    s = begun(0o711)
    mount = subprocess.Popen(["bash", "-c", '. "$0"; mount_fs', os.path.join(os.path.dirname(hand.__file__), "mount.sh")])
    eventually("the mount waits", lambda: shell("sql", "select count(*) from pg_locks where relation = 'thule.lease'::regclass and not granted") == "1")
    s.do("commit")
    equal(0, mount.wait(), "mount")
    equal((0o711, b"f"), (mode("f"), read("f")), "what was written without a mount")
    s.end()


def main():
    write("f", b"f")
    sql("select")
    hand.install()
    for check in (check_session, check_drain, check_waiter, check_stranger, check_limit, check_server, check_daemon, check_unmount):
        check()
        sound(check.__name__)


main()
