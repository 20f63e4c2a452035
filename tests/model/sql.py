"""Ours as SQL has it: the calls of a sequence as functions of schema thule, each in a savepoint of one transaction, which is
taken back when the sequence ends. So it begins with the root directory of an empty filesystem, and needs no mount.

What SQL has not is left out of sequences: open files, current directories, umasks, and what only asks (op_for_sql)."""

import os
import select
import stat as st
import subprocess
import types

from calls import CALLS, UTIME_NOW, UTIME_OMIT, data, digest, packed_acl, shown
from generate import NAMES
from tree import HEAD, KINDS, TAIL
from worker import IDENTITIES, Observer, parent

PATIENCE = 120
# Where the filesystem is mounted as far as absolute links know.
HOME = "/mnt"

SETUP = f"""
\\set ON_ERROR_ROLLBACK on
\\set VERBOSITY sqlstate
\\pset fieldsep '\\037'
create or replace function thule_internal.session_viewer() returns bigint[] language sql stable
    as $$ select string_to_array(nullif(current_setting('model.viewer', true), ''), ',')::bigint[] $$;
create or replace function thule_internal.session_writer() returns bigint[] language sql stable
    as $$ select thule_internal.session_viewer() $$;
set client_min_messages = error;
create schema if not exists model;
create or replace function model.look(path text, follow boolean) returns setof thule.inode language plpgsql as $$
begin
    return query select i.* from thule.inode i where i.ino = (thule_internal.write_walk(path, follow, null)).ino;
exception when others then
    return;
end $$;
create or replace function model.read(ino bigint, size bigint, op bigint) returns bytea language sql as $$
    select thule.read_at_op(ino, op, 0, case when size > {HEAD + TAIL} then {HEAD} else size end)
        || case when size > {HEAD + TAIL} then thule.read_at_op(ino, op, size - {TAIL}, {TAIL}) else '' end
$$;
insert into thule.mount (host, boot_id, pid, mountpoint, source, options, version, read_only, backend, ended_at)
    select '', '', 0, '{HOME}', '', '', '', false, 0, now() where not exists (select from thule.mount m where m.mountpoint = '{HOME}');
"""

INODE = "i.ino, i.mode, i.uid, i.gid, i.nlink, i.size, i.rdev, i.atime_ns, i.mtime_ns, i.ctime_ns, encode(i.target, 'hex')"
PRESENT = "thule_internal.present()"
TREE = """
select encode(t.path, 'hex'), {inode},
    case when thule_internal.is_file(i.mode) then encode(model.read(i.ino, i.size, {op}), 'hex') end,
    (select string_agg(encode(x.name, 'hex') || '=' || encode(x.value, 'hex'), ' ' order by x.name) from thule_internal.xattrs_at_op(i.ino, {op}) x)
from thule_internal.tree_at_op(1, {op}) t
cross join lateral (select (t.inode).*) i
"""


def escaped(name):
    """As thule.escape_name, of more bytes than need be."""
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\x{b:02x}" for b in os.fsencode(name))


def literal(name):
    return "'" + escaped(name).replace("'", "''") + "'"


def to_target(target):
    return HOME + target if target.startswith("/") else target


# Calls as statements; what is not here is left out.


def mknod(path, kind, mode, device):
    return f"thule.mknod({literal(path)}, {kind | mode}, {os.major(device)}, {os.minor(device)})"


def number(ident):
    return "null" if ident < 0 else str(ident)


def time(when):
    return "null" if when[1] == UTIME_OMIT else f"to_timestamp({when[0]})"


def bytes_literal(value):
    return f"'\\x{value.hex()}'::bytea"


def setxattr(path, name, value, flags, follow):
    return f"thule.setxattr({literal(path)}, {literal(name)}, {bytes_literal(value)}, {flags}, {follow})"


STATEMENTS = {
    "create": lambda path, mode: f"thule.create({literal(path)}, {mode})",
    "mkdir": lambda path, mode: f"thule.mkdir({literal(path)}, {mode})",
    "mknod": mknod,
    "symlink": lambda target, path: f"thule.symlink({literal(to_target(target))}, {literal(path)})",
    "link": lambda old, new, follow: f"thule.link({literal(old)}, {literal(new)})",
    "unlink": lambda path: f"thule.unlink({literal(path)})",
    "rmdir": lambda path: f"thule.rmdir({literal(path)})",
    "rename": lambda old, new, flags: f"thule.rename({literal(old)}, {literal(new)}, {flags})",
    "chmod": lambda path, mode: f"thule.chmod({literal(path)}, {mode})",
    "chown": lambda path, uid, gid, follow: f"thule.chown({literal(path)}, {number(uid)}, {number(gid)}, {follow})",
    "utimens": lambda path, a, m, follow: f"thule.utimens({literal(path)}, {time(a)}, {time(m)}, {follow})",
    "truncate": lambda path, size: f"thule.truncate({literal(path)}, {size})",
    "write_at": lambda path, start, size, off: f"thule.write({literal(path)}, {off}, {bytes_literal(data(start, size))})",
    "setxattr": lambda path, name, start, size, flags, follow: setxattr(path, name, data(start, size), flags, follow),
    "removexattr": lambda path, name, follow: f"thule.removexattr({literal(path)}, {literal(name)}, {follow})",
    "setacl": lambda path, name, entries: setxattr(path, name, packed_acl(entries), 0, True)
    if entries
    else f"thule.removexattr({literal(path)}, {literal(name)})",
}


def absolute(path):
    name = path if isinstance(path, str) else path[1]
    return "/" + name if name and not name.startswith("/") else name


def op_for_sql(op):
    """The operation with absolute paths, or None."""
    worker, name, *arguments = op
    if name == "open":
        name, arguments = "create", [arguments[1], arguments[3]]
    elif name == "pwrite":
        name, arguments = "write_at", [NAMES[arguments[0] % len(NAMES)], *arguments[1:]]
    elif name == "link":
        arguments = [*arguments[:2], False]
    elif name == "utimens":
        # SQL has no nanoseconds, and does not tell the time of now from another.
        arguments[1:3] = [t if t[1] == UTIME_OMIT else [0 if t[1] == UTIME_NOW else t[0] % 2, 0] for t in arguments[1:3]]
    if name not in STATEMENTS or name == "utimens" and arguments[1][1] == arguments[2][1] == UTIME_OMIT:
        return None
    return [worker, name, *(absolute(a) if k == "path" else a for k, a in zip(CALLS[name].kinds, arguments))]


class Session:
    """psql, asked a statement at a time."""

    def __init__(self, conninfo):
        self.psql = subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-d", conninfo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.rest = b""
        for line in self.ask(SETUP):
            raise RuntimeError(line)

    def ask(self, statement):
        """What is printed, in lines."""
        self.psql.stdin.write(statement.encode() + b"\n;\n\\echo '\\004'\n")
        self.psql.stdin.flush()
        while b"\4\n" not in self.rest:
            if not select.select([self.psql.stdout], [], [], PATIENCE)[0]:
                raise TimeoutError(f"no answer within {PATIENCE} s to {statement}")
            part = os.read(self.psql.stdout.fileno(), 1 << 20)
            if not part:
                raise EOFError(f"psql ended: {self.rest.decode()}")
            self.rest += part
        answer, self.rest = self.rest.split(b"\4\n", 1)
        return answer.decode().splitlines()

    def rows(self, query):
        found = self.ask(query)
        if found and found[0].startswith("ERROR"):
            raise RuntimeError(f"{found[0]}: {query}")
        return [line.split("\37") for line in found]

    def end(self):
        # Workers started later have copies of the pipe, so that closing it is not enough.
        self.psql.stdin.write(b"\\q\n")
        self.psql.stdin.flush()
        self.psql.wait(PATIENCE)


def attributes(fields):
    ino, mode, uid, gid, nlink, size, rdev, atime, mtime, ctime = map(int, fields[:10])
    target = bytes.fromhex(fields[10])
    if target.startswith(HOME.encode() + b"/"):
        target = target[len(HOME) :]
        size -= len(HOME)
    return types.SimpleNamespace(
        st_ino=ino, st_mode=mode, st_uid=uid, st_gid=gid, st_nlink=nlink, st_size=size, target=target,
        st_rdev=os.makedev(rdev >> 8 & 0xFFF, rdev & 0xFF | rdev >> 12 & 0xFFF00), st_atime_ns=atime, st_mtime_ns=mtime, st_ctime_ns=ctime,
    )  # fmt: skip


class SqlObserver:
    """As worker.Observer, of what paths name."""

    compare = staticmethod(Observer.compare)

    def __init__(self, session):
        self.session = session

    def look(self, kinds, arguments):
        seen = []
        for kind, path in zip(kinds, arguments):
            if kind != "path":
                continue
            for name, follow in ((path, False), (path, True), (parent(path), True)):
                rows = self.session.rows(f"select {INODE} from model.look({literal('/' if name == '.' else name)}, {follow}) i")
                seen.append(attributes(rows[0]) if rows else None)
        return seen


def tree(session, op=PRESENT):
    """As tree.snapshot, also of the past."""
    folders = {}
    for path, *fields in session.rows(TREE.format(inode=INODE, op=op)):
        a = attributes(fields)
        kind = st.S_IFMT(a.st_mode)
        bytes_ = digest(bytes.fromhex(fields[11])) if kind == st.S_IFREG else os.fsdecode(a.target) if kind == st.S_IFLNK else None
        pairs = (pair.split("=") for pair in fields[12].split())
        xattrs = tuple((bytes.fromhex(n).decode(), digest(bytes.fromhex(v))) for n, v in pairs)
        folder, name = os.path.split(os.fsdecode(b"/" + bytes.fromhex(path).replace(b"\0", b"/")[2:]))
        folders.setdefault(folder if name else "", []).append((name, a, bytes_, xattrs))

    def row(path, a, bytes_, xattrs, first):
        return (KINDS[st.S_IFMT(a.st_mode)], *shown(a), first, bytes_, xattrs)

    _, *top = folders[""][0]
    rows = {"/": (*row("/", *top, "/"), None, None)}
    firsts = {}
    waiting = ["/"]
    while waiting:
        folder = waiting.pop()
        for name, a, bytes_, xattrs in sorted(folders.get(folder, ()), key=lambda e: e[0]):
            path = os.path.join(folder, name)
            first = firsts.setdefault(a.st_ino, path)
            kind = KINDS[st.S_IFMT(a.st_mode)]
            listed = kind if kind in ("file", "directory", "symlink") else "special"
            rows[path] = (*row(path, a, bytes_, xattrs, first), listed, "the same")
            if kind == "directory":
                waiting.append(path)
    return tuple(sorted(rows.items()))


class SqlWorker:
    """As pair.Process: one of IDENTITIES. All of a side have one session."""

    def __init__(self, side, identity):
        self.side = side
        self.viewer = "" if identity.uid == 0 else ",".join(map(str, (identity.uid, identity.gid, *identity.groups)))
        self.observer = SqlObserver(side.session)
        self.request = None

    def ask(self, *request):
        self.request = request

    def answer(self):
        what, *arguments = self.request
        session = self.side.session
        if what == "calls":
            self.side.act_as(self.viewer)
            return [self.one(CALLS[op[0]].kinds, op) for op in arguments[0]]
        if what == "begin":
            self.side.observing = arguments[1]
        return tree(session) if what == "tree" else None

    def one(self, kinds, op):
        if not self.side.observing:
            return (self.attempt(op), ())
        before = self.observer.look(kinds, op[1:])
        result = self.attempt(op)
        return (result, Observer.compare(before, self.observer.look(kinds, op[1:])))

    def attempt(self, op):
        answer = self.side.session.ask(f"select {STATEMENTS[op[0]](*op[1:])}")
        if not answer or not answer[0].startswith("ERROR"):
            self.side.call_done()
            return None
        code = answer[0].split()[-1]
        if not code.startswith("TH"):
            return ("no errno", answer)
        return ("errno", int(code[2:]))


class SqlSide:
    """As pair.Side: in place of a mounted directory."""

    name = "ours"
    keeps = True
    sql = True

    def __init__(self, conninfo):
        self.conninfo = conninfo
        self.session = None
        self.observing = True
        self.workers = []

    def start(self):
        self.session = Session(self.conninfo)
        self.workers = [SqlWorker(self, identity) for identity in IDENTITIES]

    def stop(self):
        self.session.end()

    def make(self, _, mode):
        """Begins with nothing but a root directory. What the sequence before did is looked at, and taken back."""
        self.check()
        self.session.rows("rollback; begin")
        self.session.rows(f"update thule.inode set mode = {st.S_IFDIR | mode} where ino = 1")

    @staticmethod
    def fit(sequence):
        return sequence.like([op for op in map(op_for_sql, sequence.ops) if op])

    @staticmethod
    def seen_by(_):
        return []

    def act_as(self, viewer):
        # A transaction asks once for each role as whom it changes files.
        self.session.rows(f"set local model.viewer = '{viewer}'; update thule.sql_write set role = ''")

    def call_done(self):
        self.session.rows("set constraints all immediate")

    def check(self):
        wrong = self.session.rows("select check_id, ino, op, detail from thule.fsck")
        if wrong:
            raise RuntimeError(f"thule.fsck: {wrong}")

    def clear(self):
        self.check()
        self.session.rows("rollback")

