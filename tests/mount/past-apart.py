#!/usr/bin/python3
# A question about the past keeps nobody else waiting: the past has connections of its own, users of it take turns, and a question that
# runs long is ended with an error that says what to do.
# options: past_timeout=2
import errno
import os
import subprocess
import sys
import threading

from case import equal, fails, need_root, path, shell, skip, sql, write
from other import eventually
from stopped import Stopped

FILES = 200
USERS = 1001, 1002
LOCKED = ("from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()"
          " where relation = 'thule.dirent_history'::regclass and mode = 'AccessExclusiveLock'")
LIST = "import os, sys; print(len(os.listdir(sys.argv[1])))"


def backends(application):
    return [int(row[0]) for row in sql(f"select pid from pg_stat_activity where application_name = '{application}'"
                                       " and datname = current_database() order by 1")]


def log():
    with open(os.path.join(os.environ["CASE_DIR"], "daemon.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def lister(directory, uid=0):
    return subprocess.Popen([sys.executable, "-c", LIST, directory], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            user=uid, group=uid, extra_groups=[])


def many(then):
    """From many threads, all at once: by the connections of the past alone."""
    wrong = []

    def work(number):
        names = os.listdir(path(".thule", "at", then, f"d{number % 8}"))
        if len(names) != FILES // 8:
            wrong.append((number, len(names)))
    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal([], wrong, "listings of the past that many threads read")
    asked = {row[0]: row[1] for row in sql("""
        select distinct application_name, bool_or(query like '%as of an op%') from pg_stat_activity
        where application_name in ('thulefs reader', 'thulefs past') and datname = current_database() group by 1""")}
    equal({"thulefs reader": "f", "thulefs past": "t"}, asked, "connections whose last question was about the past")


def present_goes_on(then, past):
    """Cold files are found while what is asked of the past gets no answer."""
    with Stopped(*past):
        waiting = [lister(path(".thule", "at", then, f"d{n}"), uid) for n, uid in enumerate((0, *USERS))]
        for n in range(FILES):
            equal(n, os.stat(path("cold", f"{n}")).st_size, "size of a cold file")
        equal([None] * len(waiting), [process.poll() for process in waiting], "listings of the past meanwhile")
    for process in waiting:
        out, err = process.communicate(timeout=120)
        equal((f"{FILES // 8}\n", ""), (out, err), "a listing once the past's connections go on")


def users_take_turns(then, past):
    """One who floods the past has one connection of it; another user goes by the other."""
    # Which of them serves a user is seen by stopping one.
    with Stopped(*past[:1]):
        flood = [lister(path(".thule", "at", then, f"d{n % 8}"), USERS[0]) for n in range(12)]
        others = [lister(path(".thule", "at", then, "d1"), USERS[1]) for _ in range(2)]
        eventually("one of two users is answered", lambda: all(p.poll() is not None for p in flood) or all(p.poll() is not None for p in others))
    for process in flood + others:
        out, err = process.communicate(timeout=120)
        equal((f"{FILES // 8}\n", ""), (out, err), "a listing among many")


def long_question(then):
    """What the past alone reads is locked: the question meets its limit, and one line of the log says so."""
    holder = subprocess.Popen([os.environ["THULE"], "sql", "-Xqc", "begin; lock table thule.dirent_history; select 'held'; select pg_sleep(600)"],
                              stdout=subprocess.PIPE, start_new_session=True)
    try:
        eventually("the lock", lambda: sql(f"select pid {LOCKED} and granted"))
        fails(errno.ETIMEDOUT, os.listdir, path(".thule", "at", then, "d7"))
        equal(sorted(str(n) for n in range(FILES)), sorted(os.listdir(path("cold"))), "a listing of the present meanwhile")
    finally:
        holder.terminate()
        sql(f"select pg_terminate_backend(pid) {LOCKED}")
        holder.wait()
    lines = [line for line in log().splitlines() if "statement timeout" in line]
    equal(1, len(lines), f"lines of the log about it: {lines}")
    if "past_timeout" not in lines[0]:
        raise AssertionError(f"the log does not say what to do: {lines[0]}")
    equal(FILES // 8, len(os.listdir(path(".thule", "at", then, "d7"))), "names once nothing is locked")


def main():
    need_root()
    for n in range(8):
        os.mkdir(path(f"d{n}"))
    os.mkdir(path("cold"))
    for n in range(FILES):
        write(f"d{n % 8}/{n}", b"")
        write(f"cold/{n}", b"x" * n)
    then = f"op:{sql('select max(op) from thule.op')[0][0]}"
    shell("remount_fs")
    past = backends("thulefs past")
    if len(past) < 2 or not backends("thulefs reader"):
        raise AssertionError(f"connections of the past: {past}")
    if not all(os.path.exists(f"/proc/{pid}") for pid in past):
        skip("the server is not on this host")
    present_goes_on(then, past)
    users_take_turns(then, past)
    many(then)
    long_question(then)


main()
