#!/usr/bin/python3
# What operations cost the database, counted: statements, transactions, flushes. Never times.
# db: private
import os
import threading

from case import equal, path, shell, write
from locked import Locked


def ask(query):
    """One value, of what is committed."""
    return shell("sql", query).strip()


def flushes():
    """How often the server has flushed its log. Its sessions tell what they did at most once a second, after a
    transaction: so one comes last, which counts, too."""
    ask("select pg_sleep(1.1)")
    write("last", b"")
    shell("sync_fs")
    return int(ask("select wal_sync from pg_stat_wal"))


def sync_many(threads, rounds):
    """Each thread writes to a file of its own and fsyncs it, again and again."""
    files = [os.open(path(f"many{i}"), os.O_CREAT | os.O_WRONLY) for i in range(threads)]
    errors = []

    def work(fd):
        try:
            for i in range(rounds):
                os.pwrite(fd, b"%d" % i * 100, 0)
                os.fsync(fd)
        except OSError as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(fd,)) for fd in files]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for fd in files:
        os.close(fd)
    equal([], errors, "errors of fsync")


def fsync_of_nothing():
    """A file of which nothing waits is not flushed, and waits for nobody else's ops."""
    write("clean", b"flushed")
    clean = os.open(path("clean"), os.O_RDWR)
    os.fsync(clean)
    os.mkdir(path("d"))
    directory = os.open(path("d"), os.O_RDONLY)
    os.fsync(directory)
    batches = Locked("op", mode="exclusive")
    try:
        write("other", b"acknowledged, and cannot be committed")
        for _ in range(100):
            os.fsync(clean)
            os.fdatasync(directory)
        equal("0", ask("select count(*) from thule.dirent where name = 'other'"), "committed names")
    finally:
        batches.release()
    before = flushes()
    for _ in range(100):
        os.fsync(clean)
    count = flushes() - before
    if count > 20:
        raise AssertionError(f"{count} flushes for a hundred fsyncs of a clean file")
    os.close(clean)
    os.close(directory)


def fsync_of_one():
    """One flush for each, and little beside: the server's own of what it does in the background."""
    fd = os.open(path("one"), os.O_CREAT | os.O_WRONLY)
    os.fsync(fd)
    before = flushes()
    for i in range(200):
        os.pwrite(fd, b"%d" % i * 100, 0)
        os.fsync(fd)
    count = flushes() - before
    if not 200 <= count <= 300:
        raise AssertionError(f"{count} flushes for 200 fsyncs")
    os.close(fd)


def fsync_of_many():
    """Those who wait at once share a flush."""
    sync_many(8, 1)
    before = flushes()
    sync_many(8, 50)
    count = flushes() - before
    if count > 250:
        raise AssertionError(f"{count} flushes for 8 times 50 fsyncs at once")


fsync_of_nothing()
fsync_of_one()
fsync_of_many()
