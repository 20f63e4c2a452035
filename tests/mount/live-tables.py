#!/usr/bin/python3
# What the daemon tells of itself in SQL: descriptors of processes as /proc has them, mounts as mountinfo and statvfs(3) have them, memory and
# journal as `thule status` has them. It is asked for that, and writes nothing that nobody asks for.
import errno
import json
import os
import subprocess
import sys

from case import MNT, equal, fails, path, shell, write
from other import eventually


def rows(query):
    return [line.split("|") for line in shell("sql", query).splitlines()]


def descriptors():
    """Of all processes, of files in the mount; not of the directory below it, which its daemon has open."""
    found = []
    device = os.stat(MNT).st_dev
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                name = os.readlink(f"/proc/{pid}/fd/{fd}")
                if (name == MNT or name.startswith(MNT + "/")) and os.stat(f"/proc/{pid}/fd/{fd}").st_dev == device:
                    found.append([pid, fd, name])
        except OSError:
            pass  # it has ended, or is not for us to see
    return sorted(found)


def open_files():
    os.mkdir(path("dir"))
    write("tab\tand \\", b"1")
    held = [os.open(path("dir"), os.O_RDONLY), os.open(path("tab\tand \\"), os.O_RDONLY), os.open(path("gone"), os.O_CREAT | os.O_RDWR),
            os.open(MNT, os.O_PATH)]
    os.unlink(path("gone"))
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], pass_fds=held, stdin=subprocess.PIPE)
    want = [[pid, fd, name.replace("\\", "\\x5c").replace("\t", "\\x09")] for pid, fd, name in descriptors()]
    equal(2 * len(held), len([r for r in want if r[0] in (str(os.getpid()), str(child.pid))]), "descriptors of ours and of the child")
    equal(want, sorted(rows("select pid, fd, path from osquery.process_open_files")), "descriptors")
    equal([["2", str(os.fstat(held[1]).st_ino)]], rows(f"select count(*), min(inode) from osquery.process_open_files where fd = {held[1]}"), "of one file")
    child.stdin.close()
    child.wait()
    for fd in held:
        os.close(fd)
    equal([], rows("select * from thule.live_descriptor"), "descriptors when all are closed")


def mount_lines():
    with open("/proc/self/mounts", encoding="utf-8") as f:
        return [line.split() for line in f if line.split()[1].startswith(os.path.dirname(MNT))]


def mounts():
    def compare():
        want = [[m[0], m[1], m[2], m[3]] for m in mount_lines() if m[2] == "fuse.thulefs"]
        equal(sorted(want), sorted(rows("select device, path, type, flags from osquery.mounts")), "mounts")
        return len(want)
    equal(1, compare(), "how many there are")
    st = os.statvfs(MNT)
    size, blocks, free, available, inodes, inodes_free = map(int, rows(
        "select blocks_size, blocks, blocks_free, blocks_available, inodes, inodes_free from osquery.mounts")[0])
    equal((st.f_bsize, st.f_files, st.f_ffree), (size, inodes, inodes_free), "sizes and inodes")
    # Others use the disk, too.
    for what, is_, was in (("blocks", st.f_blocks, blocks), ("free", st.f_bfree, free), ("available", st.f_bavail, available)):
        if abs(is_ - was) > max(is_, was) / 4 + 1000:
            raise AssertionError(f"{what}: {was} in SQL, {is_} by statvfs")
    if os.geteuid() == 0:
        side = os.path.join(os.environ["CASE_DIR"], "side")
        os.mkdir(side)
        subprocess.run(["mount", "--bind", MNT, side], check=True)
        equal(2, compare(), "with one that is bound")
        subprocess.run(["umount", side], check=True)


def status():
    done = subprocess.run([os.environ["THULE"], "status", "--json", MNT], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def own_state():
    for n in range(20):
        write(f"file{n}", b"x" * n)
    shell("sync_fs")
    said = status()
    memory = said["memory"]
    equal(sorted([name, str(b["limit"])] for name, b in memory.items()), sorted(rows("select name, \"limit\" from thule.live_budget")), "budgets")
    equal([], [r for r in rows("select name, used, \"limit\" from thule.live_budget") if not 0 <= int(r[1]) <= 2 * int(r[2])], "budgets that are absurd")
    acknowledged, committed, waiting, pid, lease = rows("select acknowledged, committed, waiting, pid, lease from thule.live_journal")[0]
    equal((acknowledged, committed, "0"), (committed, shell("sql", "select max(op) from thule.op"), waiting), "ops")
    equal([shell("sql", "select pid from thule.mount where ended_at is null")], [pid], f"who tells it, with the lease {lease}")
    write("one", b"1")
    shell("sync_fs")
    before = rows("select sum(batches) from thule.live_batch")
    write("two", b"2")
    shell("sync_fs")
    equal(True, int(rows("select sum(batches) from thule.live_batch")[0][0]) > int(before[0][0]), "batches are counted")
    equal([["1", "1"]], rows("select ops_from, ops_to from thule.live_batch order by 1 limit 1"), "the smallest batches")
    equal([["1"]], rows("select count(*) from thule.live_batch where ops_to is null"), "and the largest")
    equal([], rows("select a.ops_to, b.ops_from from (select *, lead(ops_from) over (order by ops_from) as next from thule.live_batch) a"
                   " join thule.live_batch b on b.ops_from = a.next where b.ops_from <> a.ops_to + 1"), "with nothing between")
    write("dir/file", b"")
    fails(errno.ENOTEMPTY, os.rmdir, path("dir"))
    equal([["1"]], rows("select replies from thule.live_error where errno = 'ENOTEMPTY'"), "errors")
    equal([["t"]], rows(f"select bool_and(requests > 0 and total_ms >= max_ms) from thule.live_process where pid = {os.getpid()}"), "this process")


def asks():
    """Each question has an answer of its own; nobody else costs anything; and who may not read, reads nothing."""
    equal([["t"]], rows("begin transaction read only; select bool_and(at > now()) from thule.live_budget; commit"), "a transaction that only reads")
    equal([["t"]], rows("begin isolation level repeatable read; select bool_and(at < now()) from thule.live_budget; commit"), "one with an old snapshot")
    published = "select string_agg(topic || ' ' || at, ',' order by topic) from thule.live_report"
    at = shell("sql", published)
    write("more", b"more")
    shell("sql", "select pg_sleep(1.5)")
    equal(at, shell("sql", published), "what was published that nobody asked for")
    rows("select * from thule.latency")
    equal(set(), set(at.split(",")) - set(shell("sql", published).split(",")), "topics that nobody asked for, when latencies were asked for")
    role = f"asks_{os.getpid()}"
    shell("sql", f"create role {role}")
    try:
        grant = f"grant usage on schema thule, osquery to {role}"
        for view in ("thule.live_budget", "thule.live_descriptor", "osquery.mounts", "osquery.process_open_files"):
            ask = f"set role {role}; select count(*) > 0 or true from {view}"
            refused = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", os.environ["THULE_SOURCE"], "-c", ask], stderr=subprocess.PIPE, check=False)
            if b"permission denied" not in refused.stderr:
                raise AssertionError(f"{view} for anybody: {refused}")
        shell("sql", f"{grant}; grant select on all tables in schema thule, osquery to {role}")
        equal([["t"]], rows(f"set role {role}; select bool_and(at > now()) from thule.live_budget"), "who may read")
    finally:
        shell("sql", f"drop owned by {role}; drop role {role}")


def ends():
    shell("kill_daemon")
    equal([], rows("select * from osquery.mounts") + rows("select * from thule.live_journal"), "of a daemon that is dead")
    shell("mount_fs")
    eventually("the next one", lambda: rows("select 1 from osquery.mounts"))


def main():
    open_files()
    mounts()
    own_state()
    asks()
    ends()


main()
