#!/usr/bin/python3
# A large directory of the past comes in pages, each name once, also from a place in its middle, and costs the daemon no memory
# to speak of; nor do eight of them at once, nor more instants than it remembers.
# options: cache_past=2M
import errno
import os
import re
import subprocess
import sys

from case import equal, path, remount, sql, write
from other import eventually

# The names of the directory, those of them that are gone now, and the instants; cache_past above is in proportion.
SCALE = float(os.environ.get("THULE_TEST_SCALE", "1"))
NAMES = int(20_000 * SCALE)
INSTANTS = int(8_000 * SCALE)
READERS = 8
# A sanitizer keeps what was freed.
BOUND_KB, GROWTH_KB = (1 << 40, 1 << 40) if os.environ.get("THULE_SANITIZED") else (256 << 10, 8 << 10)

INODES = """
insert into thule.inode{twin} (ino, mode, nlink, uid, gid, rdev, size, allocated, atime_ns, mtime_ns, ctime_ns, btime_ns, op_from, valid_from, op_to, valid_to)
select i.ino + n, i.mode, 1, i.uid, i.gid, 0, 0, 0, i.atime_ns, i.mtime_ns, i.ctime_ns, i.btime_ns, i.op_from, i.valid_from, {op_to}, 'infinity'
from thule.inode i, generate_series({first}, {last}) n where i.ino = {model}"""
NAMES_OF = """
insert into thule.dirent{twin} (parent, name, ino, cookie, op_from, valid_from, op_to, valid_to)
select {parent}, convert_to('name-' || n, 'UTF8'), {model} + n, 1000 + 3 * n, {op}, now(), {op_to}, 'infinity'
from generate_series({first}, {last}) n"""
LAST = 2**63 - 1


def fill(directory, model, op):
    """Two thirds of the names are there now, the others were and are gone."""
    gone = NAMES // 3
    for twin, first, last, op_to in (("_history", 1, gone, op + 1), ("", gone + 1, NAMES, LAST)):
        named = {"twin": twin, "first": first, "last": last, "op_to": op_to, "parent": directory, "model": model, "op": op}
        sql(INODES.format(**named))
        sql(NAMES_OF.format(**named))
    sql("analyze thule.inode, thule.inode_history, thule.dirent, thule.dirent_history")


def make():
    os.mkdir(path("large"))
    write("large-model", b"")
    write("after", b"")
    op = int(sql("select max(op) - 1 from thule.op")[0][0])
    directory, model = os.stat(path("large")).st_ino, os.stat(path("large-model")).st_ino
    fill(directory, model, op)
    return op


def anonymous_kb():
    pid = sql("select pid from thule.mount order by id desc limit 1")[0][0]
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"RssAnon:\s+(\d+) kB", f.read())[1])


def expected():
    return sorted(f"name-{n}" for n in range(1, NAMES + 1))


def check_names(then):
    """With attributes and without, and each once."""
    large = path(".thule", "at", then, "large")
    equal(expected(), sorted(os.listdir(large)), "names of a large directory of the past")
    with os.scandir(large) as entries:
        equal(NAMES, sum(entry.stat(follow_symlinks=False).st_size == 0 for entry in entries), "names with their attributes")


def index_use():
    """Scans of the indexes by which names of then are listed, and index entries that these read."""
    return [int(n) for n in sql("""
        select sum(idx_scan), sum(idx_tup_read) from pg_stat_all_indexes
        where schemaname = 'thule' and indexrelname in ('dirent_cookie', 'dirent_history_cookie')""")[0]]


def check_pages(then):
    """The server is asked for pages, and none of the questions reads the directory whole."""
    scans, read = index_use()
    list(os.scandir(path(".thule", "at", then, "large")))
    pages = NAMES // 500 + 1
    eventually("the server's counts of a listing in pages", lambda: index_use()[0] >= scans + 2 * pages)
    read = index_use()[1] - read
    if read > 2 * NAMES + 2 * pages:
        raise AssertionError(f"{NAMES} names were listed by reading {read} entries of indexes")


SEEK = r"""
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads a directory, goes back to places in it, and must find the names there that followed before. */
int main(int argc, char **argv)
{
	enum { MAX = 400000 };
	static long place[MAX];
	static char name[MAX][32];
	DIR *d = opendir(argv[1]);
	struct dirent *e;
	int n = 0;

	while ((place[n] = telldir(d), e = readdir(d)))
		snprintf(name[n++], sizeof(name[0]), "%s", e->d_name);
	for (int i = n - 1; i > 0; i -= n / 37 + 1)
		for (int k = i; k < i + 3 && k < n; k++) {
			if (k == i)
				seekdir(d, place[k]);
			if (!(e = readdir(d)) || strcmp(e->d_name, name[k])) {
				printf("after the place of %s is %s\n", name[k], e ? e->d_name : "nothing");
				return 1;
			}
		}
	rewinddir(d);
	e = readdir(d);
	printf("%d\n", !e || strcmp(e->d_name, name[0]) ? -1 : n);
	return 0;
}
"""


def check_seek(then):
    program = os.path.join(os.environ["CASE_DIR"], "seek")
    subprocess.run(["gcc", "-O1", "-x", "c", "-", "-o", program], input=SEEK.encode(), check=True)
    done = subprocess.run([program, path(".thule", "at", then, "large")], capture_output=True, text=True, check=False)
    equal((0, str(NAMES + 2)), (done.returncode, done.stdout.strip()), "places in a large directory of the past")


def check_pruned(op, model):
    """Names whose file was pruned by itself fill pages of their own: the listing goes on behind them."""
    gone = NAMES // 3
    sql(f"update thule.inode_history set op_from = op_to where ino between {model + 1} and {model + gone - 1}")
    names = os.listdir(path(".thule", "at", f"op:{op}", "large"))
    equal(NAMES - gone + 1, len(set(names)), "names of which nothing was pruned")
    equal(len(names), len(set(names)), "names, each once")


LIST = """
import os, sys
for _ in range(2):
    with os.scandir(sys.argv[1]) as entries:
        n = sum(1 for _ in entries)
print(n)
"""


def check_memory(op):
    readers = [subprocess.Popen([sys.executable, "-c", LIST, path(".thule", "at", f"op:{op + n % 2}", "large")], stdout=subprocess.PIPE)
               for n in range(READERS)]
    most = 0
    while any(reader.poll() is None for reader in readers):
        most = max(most, anonymous_kb())
    counts = {reader.communicate()[0] for reader in readers}
    equal({f"{NAMES}\n".encode(), f"{NAMES - NAMES // 3}\n".encode()}, counts, "names that eight readers found")
    if most > BOUND_KB:
        raise AssertionError(f"the daemon took {most} kB for {READERS} listings")
    return most


def check_instants(op):
    """More of them than are remembered: what was forgotten is asked again, and only what has it open is told."""
    before = anonymous_kb()
    held = os.open(path(".thule", "at", f"op:{op}"), os.O_RDONLY | os.O_DIRECTORY)
    inside = os.open(path(".thule", "at", f"op:{op}", "large-model"), os.O_RDONLY)
    sql(f"""
        insert into thule.op (op, at, kind, ino, actor, mount)
        select o.op + n, o.at + n * interval '1 microsecond', o.kind, o.ino, o.actor, o.mount
        from (select * from thule.op order by op desc limit 1) o, generate_series(1, {INSTANTS}) n""")
    last = int(sql("select max(op) from thule.op")[0][0])
    sql(f"update thule.superblock set next_op = {last + 1}")
    for n in range(INSTANTS):
        os.stat(path(".thule", "at", f"op:{last - n}"))
    most = anonymous_kb()
    if most > BOUND_KB or most - before > GROWTH_KB:
        raise AssertionError(f"the daemon took {before} kB before {INSTANTS} instants and {most} kB after them")
    try:
        os.listdir(held)
        os.fstat(inside)
        os.pread(inside, 1, 0)
        raise AssertionError("a handle of an instant that should have been forgotten is good")
    except OSError as error:
        equal(errno.ESTALE, error.errno, "what a handle of a forgotten instant says")
    os.close(inside)
    os.close(held)
    equal(b"", open(path(".thule", "at", f"op:{op}", "large-model"), "rb").read(), "by its path")
    equal(True, "large" in os.listdir(path(".thule", "at", f"op:{op}")), "a name of it")
    equal(True, os.path.isdir(path(".thule", "at", f"op:{last}", "large")), "a path that the kernel remembers")
    return most


def clean(op, model):
    """What was put into the tables goes, since no filesystem would have made it so."""
    for table in ("inode", "inode_history", "dirent", "dirent_history"):
        sql(f"delete from thule.{table} where ino > {model}")
    sql(f"insert into thule.pruned_inode values ({model + 1}, {op + 1})")  # "after", which is among them
    sql(f"delete from thule.op where op > {op + 1}")
    sql(f"update thule.superblock set next_op = {op + 2}")


def main():
    op = make()
    model = os.stat(path("large-model")).st_ino
    remount()
    check_pages(f"op:{op}")
    check_names(f"op:{op}")
    check_seek(f"op:{op}")
    listing = check_memory(op)
    instants = check_instants(op)
    check_pruned(op, model)
    clean(op, model)
    print(f"{NAMES} names, {READERS} readers: {listing} kB; {INSTANTS} instants: {instants} kB")


main()
