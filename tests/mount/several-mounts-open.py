#!/usr/bin/python3
# mount: no
# timeout: 240
"""Closing a file waits for its commit only while files are opened on another host, and what was closed there is what is read all the same: at once, after
any pause, and whatever becomes of the host that wrote."""

import os
import random
import subprocess
import threading
import time

from case import equal, sql
from hosts import Hosts, get, put
from other import eventually
from psql import Psql

FILES = 300
STRANGER = f"stranger_{os.getpid()}"  # other cases have the same server
PROMISED = 1.2  # fs/op/follow.h: closes do not wait so long after a file was opened elsewhere


class Questions:
    """What those say who open files: notifications, which psql prints with the next answer."""

    def __init__(self):
        self.session = Psql()
        self.session.do("listen thule_open")

    def heard(self):
        return [row[0].split('"')[3] for row in self.session.do("select") if "thule_open" in row[0]]


def stranger(host, *statements):
    """By a role that may connect, and no more. Each is a transaction."""
    commands = [word for statement in statements for word in ("-c", statement)]
    subprocess.run(["psql", "-XAtq", *commands, host.proxy.source().replace("postgres@", f"{STRANGER}@")], check=True)


def close(host, name, text):
    """Writes a file and closes it, and no more."""
    with open(host.path(name), "w", encoding="ascii") as f:
        f.write(text)


def check_idle(one, two):
    """Beside an idle mount a file is closed before it is committed."""
    os.mkdir(one.path("idle"))
    put(one, "idle/first", "")
    time.sleep(PROMISED)
    session = Psql()
    session.do("begin; lock table thule.op in exclusive mode")
    worker = threading.Thread(target=lambda: [close(one, f"idle/{n}", str(n)) for n in range(FILES)], daemon=True)
    worker.start()
    eventually("files are closed while nothing can be committed", lambda: not worker.is_alive())
    session.do("commit")
    session.end()
    eventually("the last one", lambda: os.path.exists(two.path(f"idle/{FILES - 1}")))
    for n in range(FILES):
        equal(str(n), get(two, f"idle/{n}"), "what was closed")


def check_promise(one, two, rounds):
    """A file is closed, and opened on the other: with pauses about as long as what is promised, and without."""
    for n in range(rounds):
        close(one, "promise", f"{n}")
        equal(f"{n}", get(two, "promise"), "what was closed")
        if n % 20 == 0:
            time.sleep(random.choice((0.09, 0.1, 0.11, 0.2, 1.0)))


def check_busy(one, two, rounds):
    """The same while other files are opened and closed all the time on both."""
    stop = threading.Event()
    failed = []

    def keep(call):
        try:
            while not stop.is_set():
                call()
        except OSError as error:
            failed.append(error)

    close(one, "read", "")
    eventually("the file to read", lambda: os.path.exists(two.path("read")))
    threads = [threading.Thread(target=keep, args=(call,))
               for call in (lambda: get(two, "read"), lambda: close(one, f"other-{random.randrange(50)}", "x" * 5000))]
    for t in threads:
        t.start()
    try:
        check_promise(one, two, rounds)
    finally:
        stop.set()
        for t in threads:
            t.join()
    equal([], failed, "errors")


def check_kept_open(one, two):
    """A file that was made while nobody opened any is closed when somebody does."""
    for n in range(5):
        name = f"kept-{n}"
        time.sleep(PROMISED)
        with open(one.path(name), "w", encoding="ascii") as f:
            f.write("made")
            f.flush()
            eventually("it is there", lambda name=name: os.path.exists(two.path(name)))
            get(two, "promise")
            f.write(" and written")
        equal("made and written", get(two, name), "what was closed")


def check_replaced(one, two):
    """Another file takes the name before it is closed."""
    close(one, "replaced", "0")
    eventually("it is there", lambda: os.path.exists(two.path("replaced")))
    for n in range(1, 30):
        if n % 10 == 0:
            time.sleep(PROMISED)
        with open(one.path("replaced.new"), "w", encoding="ascii") as f:
            f.write(str(n))
            f.flush()
            os.rename(one.path("replaced.new"), one.path("replaced"))
        equal(str(n), get(two, "replaced"), "the file that has taken its place")


def check_turns(one, two, rounds):
    """Who writes changes each time, and so does who has the right to write."""
    put(one, "turns", "")
    eventually("it is there", lambda: os.path.exists(two.path("turns")))
    for n in range(rounds):
        host, other = ((one, two), (two, one))[n % 2]
        close(host, "turns", str(n))
        equal(str(n), get(other, "turns"), f"what was closed on {host.name}")


def check_sql(one, two):
    """While a transaction has the right to write, files are opened."""
    close(one, "sql", "before")
    eventually("it is there", lambda: os.path.exists(two.path("sql")))
    session = Psql()
    session.do("begin; select thule.put('/sql-other', 'sql')")
    for _ in range(3):
        time.sleep(PROMISED)
        equal("before", get(two, "sql"), "contents")
    session.do("commit")
    session.end()


def check_asks(one, two):
    """Who opens files all the time asks once in a while: an answer is for many opens, and for a time."""
    put(one, "asks", "asks")
    equal("asks", get(two, "asks"), "contents")
    questions = Questions()
    opened = 0
    asked = []

    def open_many():
        nonlocal opened
        for _ in range(FILES):
            get(two, "asks")
        opened += FILES
        asked.extend(questions.heard())
        return len(asked) > 1

    eventually("it asks again", open_many)
    if len(asked) > opened // 3:
        raise AssertionError(f"{len(asked)} questions while a file was opened {opened} times")
    questions.session.end()


def check_follower_stopped(one, two):
    """Who follows stands still for longer than what it was promised."""
    for n in range(3):
        get(two, "promise")
        two.stop()
        time.sleep(PROMISED)
        close(one, "promise", f"stopped {n}")
        two.go_on()
        equal(f"stopped {n}", get(two, "promise"), "what was closed")


def check_holder_stopped(one, two):
    """The host that has the right to write stands still: who opens a file waits until it goes on."""
    time.sleep(PROMISED)
    close(one, "promise", "before it stood still")
    one.stop()
    reader = []
    thread = threading.Thread(target=lambda: reader.append(get(two, "promise")))
    thread.start()
    eventually("it is said what it waits for", lambda: "closed on another host" in two.run(os.environ["THULE"], "status", two.path(""), "--requests"))
    one.go_on()
    thread.join()
    equal(["before it stood still"], reader, "what was closed")


def check_holder_killed(one, two):
    """It is killed: what it has not committed comes when it is back, and files are opened meanwhile."""
    put(one, "killed", "synced")
    eventually("it is there", lambda: os.path.exists(two.path("killed")))
    one.kill()
    equal("synced", get(two, "killed"), "what was synced")
    one.mount()
    close(one, "killed", "again")
    equal("again", get(two, "killed"), "what was closed")


def check_holder_gone(one, two):
    """It stands still for good: who opens a file has the right to write after a while."""
    sql("do $$ begin execute format('alter database %I set thule.write_limit = %L', current_database(), '1s'); end $$")
    put(one, "gone", "synced")
    eventually("it is there", lambda: os.path.exists(two.path("gone")))
    time.sleep(PROMISED)
    one.stop()
    equal("synced", get(two, "gone"), "what was synced")
    one.go_on()
    put(two, "gone", "two")
    eventually("the other follows", lambda: get(one, "gone") == "two")
    close(two, "gone", "closed")
    equal("closed", get(one, "gone"), "what was closed")


def check_forged(one, two):
    """Whoever may connect can say that all is committed, and nobody believes it."""
    questions = Questions()
    time.sleep(PROMISED)
    close(one, "promise", "not committed")
    one.stop()
    opened = []
    reader = threading.Thread(target=lambda: opened.append(get(two, "promise")))
    reader.start()
    asked = []
    eventually("it asks", lambda: asked.extend(questions.heard()) or asked)
    stranger(two, *[f"notify thule_opened, '{asked[-1]} 1'"] * 10)
    equal([], opened, "what was opened upon an answer of a stranger")
    one.go_on()
    reader.join()
    equal(["not committed"], opened, "what was closed")
    questions.session.end()


def main():
    with Hosts("one", "two") as (one, two):
        one.mount()
        two.mount()
        sql(f"create role {STRANGER} login")
        put(one, "promise", "")
        check_idle(one, two)
        check_promise(one, two, 400)
        check_busy(one, two, 100)
        check_kept_open(one, two)
        check_replaced(one, two)
        check_turns(one, two, 60)
        close(one, "promise", "")
        check_sql(one, two)
        check_asks(one, two)
        check_follower_stopped(one, two)
        check_holder_stopped(one, two)
        check_forged(one, two)
        check_holder_killed(one, two)
        check_holder_gone(one, two)
        sql(f"drop role {STRANGER}")


main()
