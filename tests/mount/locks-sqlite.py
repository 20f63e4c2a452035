#!/usr/bin/python3
# options: locks=cluster
"""SQLite, which locks ranges of its file with fcntl(2), by locks that the database has: two writers and a reader, none of which sees half of a transaction, and
no row is lost."""

import multiprocessing
import sqlite3

from case import equal, path

ROUNDS = 25


def connect():
    return sqlite3.connect(path("db"), timeout=120, isolation_level=None)


def write(who):
    db = connect()
    for i in range(ROUNDS):
        db.execute("begin immediate")
        (count,) = db.execute("select count(*) from entry").fetchone()
        db.execute("insert into entry values (?, ?, ?)", (who, i, count))
        db.execute("update total set entries = entries + 1")
        db.execute("commit")


def read(done):
    db = connect()
    while not done.is_set():
        entries, total = db.execute("select (select count(*) from entry), entries from total").fetchone()
        equal(total, entries, "rows, and what was counted in the same transactions")


def main():
    db = connect()
    db.execute("create table entry (who text, i integer, place integer unique)")
    db.execute("create table total (entries integer)")
    db.execute("insert into total values (0)")
    done = multiprocessing.Event()
    writers = [multiprocessing.Process(target=write, args=(who,)) for who in ("one", "two")]
    reader = multiprocessing.Process(target=read, args=(done,))
    for process in (*writers, reader):
        process.start()
    for process in writers:
        process.join()
    done.set()
    reader.join()
    equal([0, 0, 0], [process.exitcode for process in (*writers, reader)], "exit statuses")
    equal((2 * ROUNDS,), db.execute("select entries from total").fetchone(), "rows that were counted")
    equal([(i,) for i in range(2 * ROUNDS)], db.execute("select place from entry order by place").fetchall(), "places of rows")
    equal([("ok",)], db.execute("pragma integrity_check").fetchall(), "integrity")


main()
