#!/usr/bin/python3
# What the drain asks of the database for many changes, and for few: statements and how they bring their rows, whatever the time.
import os

from case import equal, path, shell
from locked import Locked
from statements import STATEMENTS

FILES = 1500


def ask(query):
    return shell("sql", query).strip()


def statements(like="%"):
    """Calls so far of statements like this, of all sessions of the database."""
    return int(ask(f"select coalesce(sum(calls), 0) from {STATEMENTS} where query like '{like}'"))


def sent():
    """Calls so far of all statements, by their first line, but for those that come with time, not with a batch: the looks for who asks
    (fs/control/writer.c) and for who watches live tables, the sizes for statfs, and telling who listens (fs/control/wait.c)."""
    rows = ask(f"with s as (select split_part(query, chr(10), 1) as text, sum(calls) as calls from {STATEMENTS}"
               " where query !~ 'write_asked|live_ask|For statfs|pg_notify' group by 1) select text || '|' || calls from s")
    return {line.rpartition("|")[0]: int(line.rpartition("|")[2]) for line in rows.splitlines()}


def gathered(function):
    """Lets no batch commit until function is done, so that its ops come in as few as there can be. Returns statements for each op."""
    batches = Locked("op", mode="exclusive")
    before, op = sent(), int(ask("select next_op from thule.superblock"))
    try:
        function()
    finally:
        batches.release()
    shell("sync_fs")
    return (sum(sent().values()) - sum(before.values())) / (int(ask("select next_op from thule.superblock")) - op)


def make():
    os.mkdir(path("d"))
    for i in range(FILES):
        with open(path("d", f"f{i}"), "wb") as f:
            f.write(b"%d" % i * 100)
        os.chmod(path("d", f"f{i}"), 0o600)


def remove():
    for i in range(FILES):
        os.unlink(path("d", f"f{i}"))


def few(function):
    each = gathered(function)
    if each >= 0.05:
        raise AssertionError(f"{function.__name__}: {each:.3f} statements for each op")


def copied(tables):
    for table in tables:
        if not statements(f"%copy thule.{table} (%"):
            raise AssertionError(f"the rows of thule.{table} were not copied")


def fsync_of_few_rows(rounds=50):
    """A small batch is one pipeline, which is a transaction without being begun and committed, and a row alone needs no array."""
    fd = os.open(path("few"), os.O_CREAT | os.O_WRONLY)
    os.pwrite(fd, b"made", 0)
    os.fsync(fd)
    before = sent()
    for i in range(rounds):
        os.pwrite(fd, b"%4d" % i, 0)
        os.fsync(fd)
    each = {text: (calls - before.get(text, 0)) / rounds for text, calls in sent().items() if calls > before.get(text, 0)}
    os.close(fd)
    if sum(each.values()) > 7.5:
        raise AssertionError(f"more than seven statements for a write and its fsync: {each}")
    often = {text for text, calls in each.items() if calls > 0.5}
    equal(set(), {text for text in often if not text.startswith("--")}, "statements that are none of the catalogue")
    equal(6, sum(text.startswith("-- One row of") for text in often), f"tables that got a row alone, of {often}")


def log_written():
    """Bytes of log so far that statements in the database made; what others do to the server is not in it."""
    return int(ask(f"select coalesce(sum(wal_bytes), 0) from {STATEMENTS}"))


def stream(name, data):
    """Writes data in order, 1 MiB at a time. Returns bytes of log and of the rows of blobs."""
    shell("sql", "checkpoint")
    first, start = int(ask("select next_blob from thule.superblock")), log_written()
    fd = os.open(path(name), os.O_CREAT | os.O_WRONLY)
    for at in range(0, len(data), 1 << 20):
        os.write(fd, data[at:at + (1 << 20)])
    os.fsync(fd)
    os.close(fd)
    log = log_written() - start
    rows = ask(f"select count(*), sum(pg_column_size(data)), sum(octet_length(data)) from thule.blob where id >= {first}")
    blobs, stored, held = (int(number) for number in rows.split("|"))
    equal((len(data) >> 17, len(data)), (blobs, held), f"blobs of {name}, and bytes in them")
    return log, stored


def streams(size=16 << 20):
    """A stream is one blob for 128 KiB, in the log once; what cannot be compressed is kept as it is, so that a part of it
    is read without the rest."""
    log, stored = stream("random", os.urandom(size))
    if not size < log < 1.12 * size:
        raise AssertionError(f"{log / size:.2f} bytes of log for a byte of a stream")
    equal(size, stored, "bytes of rows for what cannot be compressed")
    method = ask("select attcompression from pg_attribute where attrelid = 'thule.blob'::regclass and attname = 'data'")
    log, stored = stream("text", b"".join(b"line %d of what can be compressed\n" % i for i in range(size // 32))[:size])
    if method == "l" and max(log, stored) > 0.8 * size:
        raise AssertionError(f"{log / size:.2f} bytes of log and {stored / size:.2f} of rows for a byte that can be compressed")


shell("sql", "create extension if not exists pg_stat_statements")
few(make)
copied(("op", "inode", "inode_history", "dirent", "extent", "blob"))
few(remove)
equal(0, statements("-- Ranges of files end.%"), "cuts for files that are gone")
equal("0", ask("select count(*) from thule.extent"), "extents")
equal(str(FILES * 3), ask("select count(*) from thule.op where kind in (1, 10, 12)"), "ops of making files")
equal(str(FILES), ask("select count(*) from thule.extent_history where op_to in (select op from thule.op where kind = 6)"),
      "versions of extents that ended")
fsync_of_few_rows()
streams()
equal("", ask("select * from thule.fsck"), "fsck")
