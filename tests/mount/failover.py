#!/usr/bin/python3
# mount: no
# labels: long
"""A connection string with two servers, of which the second takes the first one's place: with all that fsync has promised, after which
the mount goes on; without, which it says and does not hide; and while the first still runs, when nobody may read from the second."""

import errno
import os
import subprocess
import sys
from urllib.parse import quote

sys.path.append(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../crash"))
from case import LIB, MNT, equal, fails, is_refused, need_root, path, read, shell, write  # noqa: E402 pylint: disable=wrong-import-position
from daemon import LOG, Daemon  # noqa: E402 pylint: disable=wrong-import-position
from other import eventually  # noqa: E402 pylint: disable=wrong-import-position
from proxy import Proxy  # noqa: E402 pylint: disable=wrong-import-position

PG_BIN = os.environ["PG_BIN"]
AS_OWNER = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]


def owner(*command):
    subprocess.run([*AS_OWNER, *command], check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Server:
    """One of the two."""

    def __init__(self, name):
        self.folder = f"{os.environ['CASE_DIR']}.{name}"
        self.data, self.socket = f"{self.folder}/data", f"{self.folder}/socket"

    def make(self):
        subprocess.run([f"{LIB}/cluster", "start"], check=True, env={**os.environ, "THULE_TEST_CLUSTER": self.folder})

    def copy(self, source, *options):
        """A physical copy of another, which was asked for at this moment."""
        subprocess.run(["install", "-d", "-m", "711", "-o", "postgres", self.folder, self.socket], check=True)
        owner(f"{PG_BIN}/pg_basebackup", "-h", source.socket, "-U", "postgres", "-D", self.data, "-c", "fast", *options)

    def control(self, *arguments):
        owner(f"{PG_BIN}/pg_ctl", "-D", self.data, "-s", "-w", *arguments)

    def start(self):
        self.control("-l", f"{self.data}/server.log", "-o", f"-c unix_socket_directories={self.socket}", "start")

    def stop(self):
        self.control("-m", "immediate", "stop")

    def sql(self, query, database="thule"):
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-U", "postgres", "-d", database, "-c", query]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def remove(self):
        subprocess.run([f"{LIB}/cluster", "stop"], check=False, env={**os.environ, "THULE_TEST_CLUSTER": self.folder})


def source(*hosts):
    """A connection string with hosts, of which a number is a port of the loopback."""
    names = ",".join(quote("127.0.0.1" if isinstance(h, int) else h, safe="") for h in hosts)
    ports = ",".join(str(h) if isinstance(h, int) else "5432" for h in hosts)
    return f"postgresql://postgres@/thule?host={names}&port={ports}&target_session_attrs=read-write&sslmode=disable"


def sync():
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def has_said(words):
    with open(LOG, encoding="utf-8", errors="replace") as f:
        return words in f.read()


def mounted(*hosts):
    daemon = Daemon("noatime", source(*hosts))
    if not daemon.mount():
        raise AssertionError("it does not mount: see the daemon's log")
    return daemon


def creations(server):
    return server.sql("select count(*) || ' ' || count(distinct path) from thule.change where kind = 'create'")


def nothing_lost(one, two):
    """The second is a standby that commits wait for."""
    daemon = mounted(one.socket)
    write("before", b"before")
    sync()
    two.copy(one, "-R")
    two.start()
    one.sql("alter system set synchronous_standby_names = '*'", "postgres")
    one.sql("select pg_reload_conf()", "postgres")
    eventually("a standby that commits wait for", lambda: one.sql("select count(*) from pg_stat_replication where sync_state = 'sync'") == "1")
    daemon.unmount()
    daemon = mounted(one.socket, two.socket)
    write("promised", b"promised")
    sync()
    write("acknowledged", b"acknowledged")
    one.stop()
    two.sql("alter system reset synchronous_standby_names", "postgres")
    two.control("promote")
    write("after", b"after")
    sync()
    equal("4 4", creations(two), "creations in the log of the second server")
    equal("", two.sql("select * from thule.fsck limit 5"), "thule.fsck of the second server")
    daemon.unmount()
    daemon = mounted(one.socket, two.socket)
    for name in ("before", "promised", "acknowledged", "after"):
        equal(name.encode(), read(name), f"content of {name} on the second server")
    daemon.unmount()


def lost(two, three):
    """The third is a standby that has stood still."""
    daemon = mounted(two.socket)
    three.copy(two, "-R")
    daemon.unmount()
    daemon = mounted(two.socket, three.socket)
    write("lost", b"lost")
    sync()
    write("before", b"changed")
    sync()
    two.stop()
    three.start()
    three.control("promote")
    eventually("the daemon finds the third server", lambda: has_said("has lost what it had on disk"))
    eventually("that nothing is read from the third server", lambda: is_refused(os.listdir, MNT))
    fails(errno.EIO, sync)
    fails(errno.EIO, write, "new", b"new")
    equal("before", three.sql("select convert_from(thule.content('/before'), 'utf8')"), "what the third server has")
    equal("0", three.sql("select count(*) from thule.change where path = '/new'"), "what was written to the third server")
    daemon.kill()
    daemon.bury()
    three.stop()
    two.start()
    daemon = mounted(two.socket, three.socket)
    equal((b"changed", b"lost"), (read("before"), read("lost")), "what the second server has kept")
    write("lost", b"lost again")
    sync()
    # The daemon dies as well, with nothing in its journal but what was on the disk.
    daemon.kill()
    daemon.bury()
    two.stop()
    three.start()
    equal(False, Daemon("noatime", source(two.socket, three.socket)).mount(), "a mount of the third server")
    # Of a journal that was not empty in the end, another check says so.
    equal(True, has_said("it has lost what fsync promised") or has_said("holds ops that were acknowledged"), "why it is refused")
    three.stop()
    two.start()
    daemon = mounted(two.socket, three.socket)
    equal(b"lost again", read("lost"), "what the second server has kept")
    daemon.unmount()


def read_beside(two, four):
    """The fourth is a copy of before that takes connections while the second one has the lease."""
    four.copy(two)
    daemon = mounted(two.socket)
    write("before", b"changed again")
    sync()
    daemon.unmount()
    four.start()
    proxy = Proxy(f"{two.socket}/.s.PGSQL.5432")
    daemon = mounted(proxy.port, four.socket)
    os.stat(MNT)
    proxy.shut()
    for name in ("thulefs reader", "thulefs direct", "thulefs past"):
        proxy.cut(name)
    reading = subprocess.Popen(["cat", path("before")], stdout=subprocess.PIPE)
    eventually("a reader that does not ask the copy, or an answer", lambda: has_said("leads to another server") or reading.poll() is not None)
    proxy.open()
    equal(b"changed again", reading.communicate(timeout=120)[0], "what was read while a copy of before took connections")
    daemon.unmount()
    four.stop()


def main():
    need_root()
    servers = [Server(name) for name in ("one", "two", "three", "four")]
    one, two, three, four = servers
    try:
        one.make()
        one.sql("create database thule", "postgres")
        nothing_lost(one, two)
        lost(two, three)
        read_beside(two, four)
    finally:
        for server in servers:
            server.remove()
    shell("mount_fs")


main()
