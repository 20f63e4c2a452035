#!/usr/bin/python3
# What an op costs does not grow while somebody has an old snapshot, as pg_dump has for an hour: the versions that a batch leaves of its hot rows
# cannot be removed then, and must not be looked at either, also where a vacuum (autovacuum comes when it likes) has made room for new versions
# before the old ones. Counts the buffers that the server looks at for each batch.
import os
import subprocess

from case import MNT, equal, path, sql, write

TABLES = "'superblock', 'mount', 'inode', 'dirent', 'extent'"
ROUNDS = 150
BETWEEN = 1000


def looked_at():
    """Batches so far, and buffers of each hot table, once the drain has told."""
    rows = sql("select relname, coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0)"
               f" from pg_statio_user_tables where schemaname = 'thule' and relname in ({TABLES})")
    return {table: int(blocks) for table, blocks in rows}


def batches():
    return int(sql("select n_tup_upd from pg_stat_user_tables where schemaname = 'thule' and relname = 'superblock'")[0][0])


def settled(before):
    """Waits until the server has counted more batches than `before`: a session tells what it did a second after it told before."""
    while True:
        write("tick", b".")
        sync("tick")
        first = batches()
        if first > before:
            return first


def sync(name):
    fd = os.open(path(name), os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def rounds(count):
    """A log that is appended to, a page that is overwritten, and a file that is replaced, as programs write safely; each made durable at once."""
    with open(path("log"), "ab", buffering=0) as log, open(path("pages"), "r+b", buffering=0) as pages:
        for n in range(count):
            log.write(b"a line\n")
            os.fsync(log.fileno())
            os.pwrite(pages.fileno(), bytes([n % 256]) * 4096, 8192)
            os.fsync(pages.fileno())
            write("conf.new", str(n).encode())
            os.rename(path("conf.new"), path("conf"))
            os.fsync(log.fileno())


def measured(count):
    """Buffers a batch, of each table, of so many rounds."""
    since, before = settled(batches()), looked_at()
    rounds(count)
    until = settled(since + count)
    return {table: (blocks - before[table]) / (until - since) for table, blocks in looked_at().items()}


def main():
    write("log", b"")
    write("conf", b"")
    write("pages", bytes(32768))
    rounds(20)
    # What an autovacuum looks at would count as the batches'; one vacuum comes when the test says so.
    for table in TABLES.replace("'", "").split(", "):
        sql(f"alter table thule.{table} set (autovacuum_enabled = off)")
    old = subprocess.Popen(["psql", "-XAtq", "-d", os.environ["THULE_SOURCE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    old.stdin.write("begin isolation level repeatable read; select count(*) from thule.op;\n")
    old.stdin.flush()
    seen = old.stdout.readline()
    first = measured(ROUNDS)
    rounds(BETWEEN // 2)
    sql("vacuum thule.superblock, thule.mount, thule.inode, thule.dirent, thule.extent")
    rounds(BETWEEN - BETWEEN // 2)
    last = measured(ROUNDS)
    print("buffers a batch:", {table: (round(first[table], 1), round(last[table], 1)) for table in first})
    equal([], [f"{table}: {first[table]:.1f}, later {last[table]:.1f}" for table in first if last[table] > 1.5 * first[table] + 5],
          "tables of which a batch looks at more and more")
    old.stdin.write("select count(*) from thule.op; commit;\n")
    old.stdin.close()
    equal((seen, 0), (old.stdout.readline(), old.wait()), "the old snapshot")
    equal([], sql("select * from thule.fsck"), "fsck")
    equal(b"a line\n" * (20 + 2 * ROUNDS + BETWEEN), open(os.path.join(MNT, "log"), "rb").read(), "the log")


main()
