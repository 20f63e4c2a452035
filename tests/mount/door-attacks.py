#!/usr/bin/python3
# Attacks on the socket by which users of root's mount ask its daemon: by strangers, users who want more than is theirs, and accidents.
# db: private
# options: allow_other
import os
import random
import socket
import struct
import subprocess
import traceback

from case import LIB, MNT, equal, need_root, path, shell, sql, write
from other import eventually
from visitor import ALICE, BOB, contains, homes, log, run, sh, thule

ROOT = "/run/thulefs-door"
STATEMENTS = os.path.join(os.path.dirname(os.path.dirname(LIB)), "sql", "statements")


def folder():
    return f"{ROOT}/{os.minor(os.stat(MNT).st_dev)}"


def socket_of(door):
    """What tells the socket of a door from others, or None. The number of a device goes from one mount to the next."""
    try:
        st = os.stat(door + "/.s.PGSQL.5432")
        return st.st_ino, st.st_ctime_ns
    except FileNotFoundError:
        return None


def statement(name):
    with open(os.path.join(STATEMENTS, name + ".sql"), encoding="utf-8") as f:
        return f.read()


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def startup(word):
    body = struct.pack("!i", 196608) + b"user\0" + word + b"\0database\0thule\0\0"
    return struct.pack("!i", len(body) + 4) + body


def question(text, *params, binary=False):
    bind = b"\0\0" + struct.pack("!hh", 0, len(params))
    for p in params:
        p = p.encode() if isinstance(p, str) else p
        bind += struct.pack("!i", -1) if p is None else struct.pack("!i", len(p)) + p
    bind += struct.pack("!hh", 1, binary)
    return (message(b"P", b"\0" + text.encode() + b"\0\0\0") + message(b"B", bind) + message(b"D", b"P\0")
            + message(b"E", b"\0\0\0\0\0") + message(b"S", b""))


class Client:
    """Speaks to the socket without libpq."""

    def __init__(self, word=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(folder() + "/.s.PGSQL.5432")
        word = os.getxattr(MNT, "system.thule_pass") if word is None else word
        try:
            self.socket.sendall(startup(word))
        except BrokenPipeError:
            pass  # turned away; what was said then can still be read

    def message(self):
        head = self.exactly(5)
        return head[:1], self.exactly(struct.unpack("!i", head[1:])[0] - 4)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def until_ready(self):
        """All messages to the next ReadyForQuery, or to an end."""
        found = []
        while not found or found[-1][0] != b"Z":
            try:
                found.append(self.message())
            except (EOFError, ConnectionResetError):
                found.append((b"end", b""))
                break
        return found

    def ask(self, *arguments, **named):
        self.socket.sendall(question(*arguments, **named))
        return self.until_ready()


def as_user(uid, function, *arguments):
    """Runs it in a child with that uid, and returns the text that it does."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        try:
            text = repr(function(*arguments))
        except BaseException as e:  # pylint: disable=broad-except
            text = f"raised {e!r}"
        os.write(theirs, text.encode()[:60000])
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as f:
        text = f.read().decode()
    os.waitpid(pid, 0)
    return text


def answers(uid=ALICE, name="alice/f"):
    """The daemon is there, and nobody waits for somebody else."""
    equal("create", log(uid, path(name))[-1]["kind"], "the log after an attack")


def say_garbage():
    seeded = random.Random(37)
    for i in range(60):
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(60)
        c.connect(folder() + "/.s.PGSQL.5432")
        try:
            c.sendall(seeded.randbytes(seeded.randrange(1, 3000)))
            if i % 2:
                c.shutdown(socket.SHUT_WR)
                c.recv(1000)
        except OSError:
            pass
        c.close()
    # Past the greeting: messages with some of their bytes changed.
    good = question(statement("command_log"), *[None] * 10)
    for i in range(60):
        c = Client()
        c.until_ready()
        bad = bytearray(good)
        for _ in range(seeded.randrange(1, 8)):
            bad[seeded.randrange(len(bad))] = seeded.randrange(256)
        try:
            c.socket.sendall(bad[:seeded.randrange(1, len(bad))] if i % 3 == 0 else bad)
            c.socket.shutdown(socket.SHUT_WR)
            while c.socket.recv(65536):
                pass
        except OSError:
            pass
        c.socket.close()


def say_lengths():
    said = []
    for first in (struct.pack("!i", -1), struct.pack("!I", 0xffffffff), struct.pack("!i", 1 << 30), struct.pack("!ii", 4, 0)):
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(60)
        c.connect(folder() + "/.s.PGSQL.5432")
        c.sendall(first + b"x" * 8)
        said.append(c.recv(1000)[:1])
        c.close()
    for body in (struct.pack("!I", 0xffffffff), struct.pack("!i", 3), struct.pack("!i", 1 << 28)):
        c = Client()
        c.until_ready()
        c.socket.sendall(b"P" + body + b"x" * 8)
        said.append(c.until_ready()[0][0])
    # A value that is longer than its message, and one with a zero in it.
    for bind in (b"\0\0\0\0\0\1" + struct.pack("!I", 0x7fffffff) + b"x", b"\0\0\0\0\0\1\0\0\0\3a\0b\0\0", b"\0\0\0\0\x7f\xff"):
        c = Client()
        c.until_ready()
        c.socket.sendall(message(b"P", b"\0select\0\0\0") + message(b"B", bind) + message(b"S", b""))
        said.append(c.until_ready()[0][0])
    return said


def check_garbage():
    as_user(BOB, say_garbage)
    equal(repr([b"E"] * 10), as_user(BOB, say_lengths), "answers to lengths that cannot be")
    answers()


def ask_for_more():
    c = Client()
    c.until_ready()
    found = []
    for text, params in (("select 1", ()), ("drop schema thule cascade", ()), (statement("command_config_set"), ("a", "b", "c")),
                         (statement("request_pending"), ()), (statement("command_log"), (None,) * 9), ("", ())):
        kinds = [kind for kind, _ in c.ask(text, *params)]
        if b"D" in kinds:
            found.append(text)
        if kinds[-1] == b"end":
            c = Client()
            c.until_ready()
    c.socket.sendall(message(b"Q", b"select 1\0"))
    found += [m for m in c.until_ready() if m[0] == b"D"]
    return found


def ask_for_others(ino, op):
    """Says that it is root, wherever a parameter says who asks."""
    c = Client()
    c.until_ready()
    rows = [m for m in c.ask(statement("command_log"), *[None] * 8, "true", None, "{0,0}") if m[0] == b"D"]
    found = [m for m in rows if b"alice" in m[1] or b"closed" in m[1]]
    read = c.ask(statement("command_read"), ino, "9223372036854775807", "0", "100", "{0,0}", binary=True)
    found += [m for m in read if m[0] == b"D"]
    blame = c.ask(statement("command_blame"), ino, "9223372036854775807", "{0,0}")
    found += [m for m in blame if m[0] == b"D"]
    for name, *arguments in (
        ("command_log_patch", "1", op, f"{{{ino}}}"), ("command_diff_patch", "1", op, "/alice/private", None),
        ("command_log_runs", f"{{{op}}}"), ("command_show", f"op:{op}"),
    ):
        found += [(name, m) for m in c.ask(statement(name), *arguments, "{0,0}", binary="patch" in name) if m[0] in (b"D", b"E")]
    for name in ("command_stat", "command_ls"):
        found += [m for m in c.ask(statement(name), ino, "9223372036854775807", "x", "{0,0}")
                  if m[0] == b"D" and name == "command_ls" and b"secret" in m[1]]
    return len(rows) > 0, found


def undo_others(op):
    """Claims to be root, a run, and somebody else."""
    c = Client()
    c.until_ready()
    args = f'{{"since": "op:{op}", "force": true, "run": "x", "viewer": [0, 0], "actor": {{"uid": 0}}}}'
    return [kind for kind, _ in c.ask(statement("door_undo"), args, *[None] * 13, "{0,0}")]


def check_others():
    equal("[]", as_user(BOB, ask_for_more), "what is answered to what is not for users")
    sh(ALICE, "umask 077; echo secret >alice/private; echo one >alice/mine")
    ino = str(os.stat(path("alice/private")).st_ino)
    op = sql("select max(op) from thule.op where ino = " + ino)[0][0]
    equal("(True, [])", as_user(BOB, ask_for_others, ino, op), "what others have")
    start = int(sql("select max(op) from thule.op")[0][0]) + 1
    sh(ALICE, "echo two >alice/mine")
    contains("b'E'", as_user(BOB, undo_others, start), "an undo of others' changes")
    with open(path("alice/mine"), encoding="ascii") as f:
        equal("two\n", f.read(), "her file")
    sh(BOB, "echo two >bob/f")
    start += 2
    contains("b'C'", as_user(BOB, undo_others, start), "an undo of the own ones")
    uid = sql("select uid from thule.change order by op desc limit 1")[0][0]
    equal(str(BOB), uid, "who did it")


def without_pass():
    c = Client(b"viewer")
    kind, body = c.message()
    return kind, b"reach the mount" in body


def check_place():
    """Only root decides who listens there, and only who can reach the mount is listened to."""
    for name in (ROOT, folder()):
        st = os.stat(name)
        equal((0, 0o755), (st.st_uid, st.st_mode & 0o7777), name)
    equal("(b'E', True)", as_user(ALICE, without_pass), "one who has not been at the mount")
    # A socket on which somebody else listens.
    real = folder() + "/.s.PGSQL.5432"
    os.rename(real, real + ".real")
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        fake = socket.socket(socket.AF_UNIX)
        fake.bind(real)
        os.chmod(real, 0o666)
        os.setresuid(BOB, BOB, BOB)
        fake.listen(1)
        theirs.send(b"!")
        heard = fake.accept()[0].recv(1000)
        theirs.send(b"nothing" if not heard else heard)
        os._exit(0)
    ours.recv(1)
    contains("not root's daemon", thule(ALICE, "log", status=1), "who is asked")
    equal(b"nothing", ours.recv(1000), "what was said to him")
    os.waitpid(pid, 0)
    os.unlink(real)
    contains("does not listen", thule(ALICE, "log", status=1), "where nobody listens")
    os.rename(real + ".real", real)
    answers()


def crowd(pipe):
    """Holds as many connections as there are to be had, of which some ask for much and read nothing."""
    held, turned_away = [], 0
    word = os.getxattr(MNT, "system.thule_pass")
    for i in range(1000):
        c = Client(word)
        if i < 20:
            first = c.message()[0]
            turned_away += first == b"E"
            if first != b"E":
                c.until_ready()
                c.socket.sendall(question(statement("command_read"), str(os.stat("bob/big").st_ino), "9223372036854775807", "0",
                                          "1048576", None, binary=True) * 3)
        held.append(c)
    pipe.send(str(turned_away).encode())
    pipe.recv(1)


def check_crowd():
    write("bob/big", bytes(4 << 20))
    os.chown(path("bob/big"), BOB, BOB)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        os.chdir(MNT)
        os.setgroups([])
        os.setresgid(BOB, BOB, BOB)
        os.setresuid(BOB, BOB, BOB)
        try:
            crowd(theirs)
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        finally:
            os._exit(0)
    theirs.close()
    turned_away = int(ours.recv(100) or b"-1")
    equal(True, turned_away >= 12, f"of 20 connections of one user {turned_away} are turned away")
    for _ in range(3):
        answers()
    contains("too many", thule(BOB, "log", status=1), "what he is told himself")
    ours.send(b"!")
    os.waitpid(pid, 0)
    eventually("he is heard again", lambda: run(BOB, "log").returncode == 0)


def check_killed():
    """Whoever asks is killed in the middle: it is done or not, and the mount goes on."""
    for i in range(8):
        sh(ALICE, "echo one >alice/k")
        start = int(sql("select max(op) from thule.op")[0][0]) + 1
        sh(ALICE, "echo two >alice/k")
        with subprocess.Popen([os.environ["THULE"], "undo", "--since", f"op:{start}", path("alice/k")], user=ALICE, group=ALICE,
                              extra_groups=[], cwd=MNT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            try:
                p.wait(0.01 * i)
            except subprocess.TimeoutExpired:
                p.kill()
    eventually("nothing is pending", lambda: sql("select count(*) from thule.request where done_at is null") == [["0"]])
    with open(path("alice/k"), encoding="ascii") as f:
        equal(True, f.read() in ("one\n", "two\n"), "the file")
    answers()


def check_accidents():
    """A client is there while the daemon dies, the server stops, and the mount goes."""
    idle = [Client() for _ in range(5)]
    for c in idle:
        c.until_ready()
    was = folder()
    old = socket_of(was)
    shell("kill_only_daemon")
    equal(True, run(ALICE, "log", path("alice/f")).returncode != 0, "a mount whose daemon is dead")
    shell("fusermount3", "-uz", MNT)
    shell("mount_fs")
    answers()
    equal(True, os.path.exists(folder()), "the new door")
    equal(True, socket_of(was) != old, "the old one is gone, or is another mount's")
    # Another mount took the number, as it were, before this one has ended: its socket stays.
    here = folder()
    os.rename(here, here + ".x")
    os.mkdir(here, 0o755)
    other = socket.socket(socket.AF_UNIX)
    other.bind(here + "/.s.PGSQL.5432")
    other.listen(1)
    shell("remount_fs")
    equal(True, os.path.exists(here + "/.s.PGSQL.5432"), "the door of another mount")
    other.close()  # and the next mount sweeps it away
    os.unlink(here + ".x/.s.PGSQL.5432")
    os.rmdir(here + ".x")
    answers()
    idle = [Client() for _ in range(5)]
    for c in idle:
        c.until_ready()
    here = folder()
    shell("umount_fs")
    equal(b"", idle[0].socket.recv(1), "the end that clients see")
    equal(False, os.path.exists(here), "the door of a mount that is gone")
    shell("mount_fs")
    answers()
    # The server stops; the daemon may start it again.
    shell("stop_db")
    done = run(ALICE, "log", path("alice/f"))
    if done.returncode:
        contains("try again later", done.stderr.decode(), "what is said while there is no server")
        subprocess.run(["bash", "-c", f". {LIB}/mount.sh; start_db"], check=False, capture_output=True)
    eventually("it answers again", lambda: run(ALICE, "log", path("alice/f")).returncode == 0)
    answers()


def main():
    need_root()
    homes()
    sh(ALICE, "echo one >alice/f")
    sh(BOB, "echo one >bob/f")
    write("closed/file", b"x")
    check_garbage()
    check_others()
    check_place()
    check_crowd()
    check_killed()
    check_accidents()
    answers(BOB, "bob/f")


main()
