"""A sequence of commands in a fresh directory, and the state after each op that it made.

The driver's own commands: hold (no batch commits until the next command that needs it), sync, undo NUMBER NUMBER|null WORKER|null (what
was done from one command to another, by that worker), undo_undo (the last undo), restore PATH NUMBER (as it was before that command), crash (of the daemon), crash_server, remount."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass, replace

import calls
import live
from case import MNT, path, shell
from compare import Difference, agree, rows, without
from generate import WORKERS
from model import Effect, Inode, Senseless, State
from other import Other, eventually

THULE = os.environ["THULE"]
LOG = """select o.op, (extract(epoch from o.at) * 1000000)::bigint as at, k.name as kind, o.ino, o.parent, encode(o.name, 'hex') as name,
    o.new_parent, encode(o.new_name, 'hex') as new_name, o.off, o.len, o.deferred, o.xmin::text as batch
    from thule.op o join thule.op_kind k on k.id = o.kind where o.op > {} order by o.op"""
WAITS_FOR_COMMIT = ("copy", "fallocate")
SPLIT = ("write", "copy_range")  # by the kernel, where they are long


@dataclass(frozen=True)
class Instant:
    """The state after an op; None inside an undo or restore, which is one change."""

    op: int
    at: int  # microseconds since the epoch
    kind: str
    number: int  # of the command
    batch: str  # the transaction that committed it
    state: State
    effect: Effect = None  # None: it is of an undo or restore, or changes nothing


def hexed(name):
    return None if name is None else os.fsencode(name).hex()


def thule(*arguments):
    return subprocess.run([THULE, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)


class Session:
    """exact: what lies inside a batch is an instant as well."""

    def __init__(self, server, name, exact):
        self.server = server
        self.exact = exact
        self.folder = path(name)
        self.top_path = "/" + name
        self.workers = [Other() for _ in range(WORKERS)]
        self.pending = []  # (number, effect), not found in the log yet
        self.commands = []
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        self.top = os.lstat(self.folder).st_ino
        self.enter()
        self.sync()
        self.last_op = server.rows("select max(op) as op from thule.op")[0]["op"]
        self.start = State({self.top: Inode(self.top, "directory", 0o755, nlink=2)})
        self.known = self.start  # after the last op of the log
        self.scene = calls.Scene(self.known, self.top)
        self.instants = []
        self.adopted = set()  # commands that were an undo or restore
        self.births = {}  # by inode number, also of what is gone
        self.last_undo = None  # its tag, the state before it, and its last op
        self.undone = 0

    def enter(self):
        for worker in self.workers:
            worker.call(calls.begin, self.folder)

    def leave(self):
        for worker in self.workers:
            worker.call(calls.begin, "/")

    def end(self):
        self.server.release()
        for worker in self.workers:
            worker.end()

    def sync(self, _=None):
        self.server.release()
        fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    # Commands.

    def do(self, command):
        self.commands.append(command)
        number, worker, name, *arguments = command
        if worker < 0:
            getattr(self, name)(number, *arguments)
            return
        if name in WAITS_FOR_COMMIT:
            self.server.release()
        other = self.workers[worker]
        other.start(calls.run, name, *arguments)
        if self.server.held and not other.pipe.poll(0.5):
            self.server.release()  # it waits for the commit of something
        try:
            result = other.finish()
        except OSError:
            return
        for effect in calls.EFFECTS[name](self.scene, worker, result, *arguments):
            self.pending.append((number, effect))
            self.scene.state = self.scene.state.after(effect, None, None)

    def hold(self, _):
        self.server.hold()

    def undo(self, number, since, until, worker):
        """What others did, and nothing else, must be what is left, where nobody stands on what was undone."""
        self.commit()
        workers = {command[0]: command[1] for command in self.commands}
        chosen = [i for i in self.instants if since <= i.number <= (until or number) and i.kind != "forget"
                  and worker in (None, workers[i.number])]
        if not chosen:
            return
        selectors = ["--since", f"op:{chosen[0].op}"]
        selectors += ["--until", f"op:{chosen[-1].op}"] if until else []
        selectors += ["--pid", str(self.workers[worker].pid)] if worker is not None else []
        done = thule("undo", *selectors, MNT, "--yes", "--json")
        wanted, before, op = self.without({i.op for i in chosen}), self.known, self.last_op
        self.adopt(number)
        if self.last_op > op:
            self.last_undo = (json.loads(done.stdout)["tag"], before, self.last_op)
        named = f"undo {' '.join(selectors)}"
        if not self.exact or wanted is None:
            return
        if done.returncode:
            raise Difference("undo", "exit status", [f"{named}: {done.stderr.decode()}"])
        conflicts = json.loads(done.stdout)["conflicts"]
        if not conflicts:
            agree("undo", named, self.rows_of(wanted, "ctime"), self.rows_of(self.known, "ctime"))
            self.undone += 1
        elif not until and worker is None:
            raise Difference("undo", "a conflict with nobody", [named, str(conflicts[0])])

    def undo_undo(self, number):
        """All is what it was, where nobody has done anything since."""
        self.commit()
        if not self.last_undo:
            return
        tag, before, op = self.last_undo
        quiet = all(i.kind == "forget" for i in self.instants[self.index(op) + 1 :])
        done = thule("undo", "--tag", tag, MNT, "--yes", "--json")
        self.adopt(number)
        self.last_undo = None
        if self.exact and quiet:
            if done.returncode:
                raise Difference("undo of an undo", "exit status", [f"undo --tag {tag}: {done.stderr.decode()}"])
            agree("undo of an undo", f"undo --tag {tag}", self.rows_of(before, "ctime"), self.rows_of(self.known, "ctime"))
            self.undone += 1

    def without(self, ops):
        """What the state would be without some ops, or None where that makes no sense or is not known."""
        adopted = [n for n, i in enumerate(self.instants) if i.number in self.adopted]
        first = adopted[-1] + 1 if adopted else 0
        if not ops <= {i.op for i in self.instants[first:]}:
            since = self.index(min(ops))
            return self.state_before(self.instants[since]) if ops == {i.op for i in self.instants[since:] if i.kind != "forget"} else None
        state = self.instants[first - 1].state if first else self.start
        try:
            for i in self.instants[first:]:
                if i.effect and i.op not in ops:
                    state = state.after(i.effect, i.op, i.at * 1000)
        except (KeyError, Senseless):
            return None
        return state

    def restore(self, number, name, since):
        self.commit()
        first = self.first_since(since)
        if first is None or first == self.instants[0]:
            return
        before = self.state_before(first)
        op = self.instants[self.index(first.op) - 1].op
        done = thule("restore", os.path.join(self.folder, name), "--at", f"op:{op}", "--yes")
        self.adopt(number)
        if done.returncode or (not self.exact and not self.ends_batch(op)):
            return
        wanted, got = (state.resolve(self.top, name) for state in (before, self.known))
        if wanted is not None:
            skip = ("ino", "nlink", "mtime", "ctime", "btime")
            agree("restore", f"restore {name} --at op:{op}", without(rows(before.tree(wanted)), *skip),
                  without(rows(self.known.tree(got)), *skip))

    def crash(self, _):
        shell("kill_only_daemon")
        self.server.release()
        self.leave()
        subprocess.run(["fusermount3", "-uz", MNT], check=True)
        shell("mount_fs")
        self.again()

    def crash_server(self, _):
        """A process of it is killed, and all others end with that."""
        self.server.release()
        pid = self.server.rows("select pg_backend_pid() as pid")[0]["pid"]
        os.kill(pid, signal.SIGKILL)
        self.server.end()
        eventually("the server is back", self.answers)

    def answers(self):
        try:
            return self.server.rows("select 1 as one")
        except (AssertionError, BrokenPipeError):
            self.server.end()
            return None

    def remount(self, _=None):
        self.sync()
        self.leave()
        self.server.end()
        shell("remount_fs")
        self.again()

    def again(self):
        self.scene.kept = {}
        self.enter()

    # The log.

    def first_since(self, number):
        return next((i for i in self.instants if i.number >= number), None)

    def index(self, op):
        return next(n for n, i in enumerate(self.instants) if i.op == op)

    def state_before(self, instant):
        n = self.index(instant.op)
        return self.instants[n - 1].state if n else self.start

    def ends_batch(self, op):
        n = self.index(op)
        return n + 1 == len(self.instants) or self.instants[n + 1].batch != self.instants[n].batch

    def rows_of(self, state, *skip):
        return without(rows(state.tree(self.top)), *skip)

    def log(self):
        """What has been committed since the last time."""
        self.sync()
        found = self.server.rows(LOG.format(self.last_op))
        if found:
            self.last_op = found[-1]["op"]
        return found

    def commit(self):
        """Commits, and finds the ops of the log that the commands were to make."""
        for row in self.log():
            number, effect = self.instants[-1].number if self.instants else 0, None
            if row["kind"] != "forget":
                number, effect = self.match(row)
            self.add(row, number, self.known, effect)
        if self.pending:
            raise Difference("log", "ops", [f"there is no op for {self.pending[0]}"])

    def match(self, row):
        """The next op that was expected must be this one, or begin with it. The number of its command, and itself."""
        if not self.pending:
            raise Difference("log", "ops", [f"nobody has done {row}"])
        number, effect = self.pending.pop(0)
        if effect.kind in SPLIT and row["kind"] in SPLIT and effect.off == row["off"] and 0 < row["len"] < effect.len:
            end = row["off"] + row["len"]
            self.pending.insert(0, (number, effect.part(end, effect.len - row["len"])))
            effect = effect.part(row["off"], row["len"])
        if effect.kind == "copy_range" and row["kind"] == "write":  # the kernel copied the bytes
            effect = replace(effect, kind="write", pieces=None)
        wanted = {name: getattr(effect, name) for name in ("kind", "ino", "parent", "new_parent", "off", "len", "deferred")}
        wanted.update(name=hexed(effect.name), new_name=hexed(effect.new_name))
        got = {name: row[name] for name in wanted}
        if wanted != got:
            lines = [f"{k} is {got[k]!r}, and was {wanted[k]!r}" for k in wanted if got[k] != wanted[k]]
            raise Difference("log", "ops", [f"op {row['op']}, {effect.kind} of command {number}:", *lines])
        self.known = self.known.after(effect, row["op"], row["at"] * 1000 if self.exact else None)
        return number, effect

    def add(self, row, number, state, effect=None):
        self.instants.append(Instant(row["op"], row["at"], row["kind"], number, row["batch"], state, effect))

    def adopt(self, number):
        """What an undo or restore has made is what there is now; what lies between its ops is one change."""
        found = self.log()
        if not found:
            return
        self.adopted.add(number)
        self.births.update({ino: i.btime for ino, i in self.known.inodes.items()})
        now = live.inodes(self.folder, self.server, self.last_op)
        self.known = State({ino: replace(i, btime=self.births.get(ino)) for ino, i in now.items()})
        for row in found:
            self.add(row, number, None if row != found[-1] else self.known)
        self.scene.state = self.known
        for worker, (ino, _) in list(self.scene.kept.items()):
            if ino not in self.known.inodes:
                self.workers[worker].call(calls.close)
                del self.scene.kept[worker]
