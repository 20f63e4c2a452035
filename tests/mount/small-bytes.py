#!/usr/bin/python3
# What the database takes for a small file beside its bytes, with the history of its making.
# labels: long
import os
import random

from case import path, shell, sql
from locked import Locked

FILES, FOLDERS = 3000, 20
# Bytes a file of each table with its indexes, and a little more than what they take.
MOST = {"inode_history": 1100, "op": 725, "blob": 290, "inode": 265, "dirent": 285, "extent": 180}


def make(rng):
    """As tar makes them."""
    for i in range(FOLDERS):
        os.mkdir(path(f"folder-{i:03}"))
    for i in range(FILES):
        fd = os.open(path(f"folder-{i % FOLDERS:03}", f"file-{i:05}.txt"), os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(fd, rng.randbytes(rng.randrange(1024, 8193)))
        os.utime(fd, (1_700_000_000, 1_700_000_000))
        os.fchown(fd, 0, 0)
        os.fchmod(fd, 0o644)
        os.close(fd)


def sizes():
    """Bytes of each table, with its indexes and what is out of line."""
    return {table: int(size) for table, size in sql(
        "select c.relname, pg_total_relation_size(c.oid) from pg_class c"
        " where c.relnamespace = 'thule'::regnamespace and c.relkind = 'r'")}


before = sizes()
batches = Locked("op", mode="exclusive")
try:
    make(random.Random(42))
finally:
    batches.release()
shell("sync_fs")
shell("sql", "vacuum")
taken = {table: size - before[table] for table, size in sizes().items()}
taken["blob"] -= int(sql("select sum(octet_length(data)) from thule.blob")[0][0])
each = {table: round(taken[table] / FILES) for table in MOST}
grown = {table: size for table, size in each.items() if size > MOST[table]}
if grown:
    raise AssertionError(f"bytes a file of {grown}, where at most {MOST} are expected; all: {each}")
