"""Ours as two hosts have it that mount it, and SQL: whoever makes a call makes it in one of these ways, each with processes, open files and current directories
of its own. The reference has as many processes on the one ext4.

Before somebody comes another way, what was done is synced (fsync of a directory, or the end of the transaction), and then a file is opened on the mount, or the
transaction begins: so all that is promised is that who opens a file finds what was synced elsewhere, and all is compared. Now and then the tree is remembered, and
later the past must be that. A sequence begins in the root directory, since SQL has no other; links are not absolute, as SQL is not in a mount."""

import os

from other import eventually
from pair import Process, allow_changes, empty
from sql import Session, SqlSide, SqlWorker, op_for_sql, tree
from tree import differences
from worker import IDENTITIES, Identity

WAYS = ("host one", "host two", "SQL")
SQL = 2
REMEMBERED = 5  # changes of the way between two trees that are remembered
TRANSPARENT = [Identity(i.name, i.uid, i.gid, i.groups, 0) for i in IDENTITIES]  # SQL has no umask
CALLERS = (*IDENTITIES, *IDENTITIES, *TRANSPARENT)


def way(worker):
    return worker // len(IDENTITIES)


def op_for_ways(op):
    worker, name, *arguments = op
    if name == "symlink":
        op = [worker, name, arguments[0].lstrip("/"), arguments[1]]
    return op_for_sql(op) if way(worker) == SQL else op


class Caller:
    """One of CALLERS: comes its way, and is then as pair.Process."""

    def __init__(self, side, number, process):
        self.side = side
        self.way = way(number)
        self.process = process

    def ask(self, *request):
        what, *arguments = request
        if what in ("calls", "tree"):
            self.side.come(self.way)
        if what == "calls":
            self.side.calls[self.way] += len(arguments[0])
        self.process.ask(*(["begin", ".", arguments[1]] if what == "begin" else request))

    def answer(self):
        return self.process.answer()


class WaysSide(SqlSide):
    """As pair.Side."""

    keeps = False

    def __init__(self, conninfo, hosts):
        super().__init__(conninfo)
        self.hosts = hosts
        self.way = 0
        self.files = []
        self.calls = [0] * len(WAYS)
        self.changes = 0
        self.instants = []  # (op, tree)
        self.compared = 0

    def start(self):
        self.session = Session(self.conninfo)
        # Without names, so that nobody finds them: to be opened.
        self.files = [os.open(host.path(), os.O_TMPFILE | os.O_RDWR) for host in self.hosts]
        self.workers = []
        for number, identity in enumerate(CALLERS):
            process = SqlWorker(self, identity) if way(number) == SQL else Process(identity, self.hosts[way(number)].path())
            self.workers.append(Caller(self, number, process))

    def stop(self):
        for ended in ("end", "reap"):
            for caller in self.workers:
                if caller.way != SQL:
                    getattr(caller.process, ended)()
        for fd in self.files:
            os.close(fd)
        self.session.end()

    def come(self, to):
        """What was done the way before is known to who comes this way."""
        if to == self.way:
            return
        if self.way != SQL:
            fd = os.open(self.hosts[self.way].path(), os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(fd)
            os.close(fd)
        elif to != SQL:
            self.session.rows("select thule.write_shown()")
        if to != SQL:
            os.close(os.open(f"/proc/self/fd/{self.files[to]}", os.O_RDONLY))
        self.way = to
        self.changes += 1
        if self.changes % REMEMBERED == 0:
            self.remember()

    def remember(self):
        ((op,),) = self.session.rows("select coalesce(max(op), 0) from thule.op")
        root = self.workers[self.way * len(IDENTITIES)].process
        root.ask("tree")
        self.instants.append((op, root.answer()))

    @staticmethod
    def fit(sequence):
        return sequence.like([op for op in map(op_for_ways, sequence.ops) if op])

    @staticmethod
    def seen_by(worker):
        return [f"as seen by {WAYS[way(worker)]}:"]

    def act_as(self, viewer):
        self.session.rows(f"set model.viewer = '{viewer}'")

    def call_done(self):
        pass

    def check(self):
        """The past is what it was; of fsck, what may not even be while there are mounts."""
        self.act_as("")
        for op, remembered in self.instants:
            wrong = differences(tree(self.session, op), remembered)
            if wrong:
                raise RuntimeError("\n  ".join([f"the past at op:{op} is not what it was (`the reference`):", *wrong]))
        self.compared += len(self.instants)
        self.instants = []
        super().check()

    def make(self, _, mode):
        self.come(0)
        root = self.hosts[0].path()
        allow_changes(root)
        empty(root)
        for name in os.listxattr(root):
            os.removexattr(root, name)
        os.utime(root)
        os.chown(root, 0, 0)
        os.chmod(root, mode)

    def clear(self):
        self.check()

    def unmount(self):
        """What was open and has no name has ended, when one is alone."""
        stays, goes = self.hosts
        goes.unmount()
        eventually("what has no name has ended", lambda: not self.rows("select i.ino from thule.inode i where i.nlink = 0"))
        stays.unmount()

    def remount(self):
        self.unmount()
        self.hosts.reverse()
        self.mount()

    def rows(self, query):
        """Of a session of its own, as the workers may have ended."""
        session = Session(self.conninfo)
        found = session.rows(query)
        session.end()
        return found

    def mount(self):
        for host in self.hosts:
            host.mount("noatime")

    def summary(self):
        """What was done, by the log."""
        counted = self.rows(
            "select coalesce(nullif(m.host, ''), m.source), count(*) from thule.op o join thule.mount m on m.id = o.mount group by 1 order by 1")
        ((turns,),) = self.rows(
            "select count(*) from (select o.mount <> lag(o.mount) over (order by o.op) as moved from thule.op o) t where t.moved")
        yield "calls: " + ", ".join(f"{calls} by {name}" for calls, name in zip(self.calls, WAYS))
        yield f"changes of the way: {self.changes}; past trees compared: {self.compared}"
        yield "ops in the log: " + ", ".join(f"{count} by {name}" for name, count in counted) + f"; hand-overs: {turns}"
