#!/usr/bin/python3
# Where the time of requests goes: `thule top` tells it whatever the server does, thule.latency in SQL. Counts are exact, phases add
# up, and what waited for the journal or the database says so. Others than root and the mount's owner are told of their own processes.
# db: private
import json
import os
import subprocess
import sys
import time

from case import MNT, equal, need_root, path, remount, shell, write
from other import eventually
from stopped import StoppedServer
from terminal import Terminal

THULE, CASE_DIR = os.environ["THULE"], os.environ["CASE_DIR"]
ALICE = 65530
FILES = 50
JOURNAL, DATABASE = {"room", "commit", "flush", "performed"}, {"inode", "name", "directory", "xattrs", "layout", "data", "disk", "past"}
QUERY = "select operation, phase, part, count, total_ms, mean_ms, p50_ms, p90_ms, p99_ms, max_ms from thule.latency"


def run(*words, uid=0, cwd="/"):
    return subprocess.run([THULE, "top", *words], user=uid, group=uid, extra_groups=[], cwd=cwd, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)


def top(*words, uid=0):
    done = run(MNT, "--json", *words, uid=uid)
    equal((0, ""), (done.returncode, done.stderr), f"status of thule top {words} as {uid}, which said {done.stdout}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def operations():
    return {o["operation"]: o for o in top("--once")[0]["operations"]}


def latency():
    """The same in SQL: {(operation, phase): (part, count, total, ...)}."""
    rows = [line.split("|") for line in shell("sql", QUERY).splitlines()]
    return {(row[0], row[1]): (row[2], *map(float, row[3:])) for row in rows}


def count(seen, operation):
    return seen[operation]["count"] if operation in seen else 0


def check_sums(seen):
    """What is shown of an operation: the parts are the whole."""
    for name, o in seen.items():
        phases = sum(p["total_ms"] for p in o["phases"].values())
        # They were read while something was counted, perhaps.
        equal(True, abs(phases - o["total_ms"]) <= 0.01 * o["total_ms"] + 0.01, f"sum of phases {phases} of {name} {o}")
        equal(True, o["p50_ms"] <= o["p90_ms"] <= o["p99_ms"], f"quantiles of {name} {o}")
        for phase in o["phases"].values():
            equal(True, 0 < phase["count"] <= o["count"], f"how often {phase} of {name} {o}")


def counted():
    """Each request counts once."""
    before = operations()
    for i in range(FILES):
        fd = os.open(path(f"f{i}"), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.write(fd, b"x")
        os.close(fd)
    fd = os.open(path("f0"), os.O_WRONLY)
    for i in range(3):
        os.write(fd, b"y")
        os.fsync(fd)
    os.close(fd)
    for i in range(FILES):
        os.rename(path(f"f{i}"), path(f"g{i}"))
    after = operations()
    for name, n in (("create", FILES), ("write", FILES + 3), ("fsync", 3), ("rename", FILES)):
        equal(n, count(after, name) - count(before, name), f"how many requests {name} were counted")
    check_sums(after)
    fsync = after["fsync"]["phases"]
    equal({"flush"}, JOURNAL & set(fsync), f"what fsync waited for in the journal: {fsync}")
    equal(True, fsync["flush"]["count"] == 3 and fsync["flush"]["total_ms"] > 0, f"flushes {fsync}")
    equal(set(), DATABASE & set(after["create"]["phases"]), "what a create waits for that finds all in memory")
    equal(True, {"drain flush"} <= set(after), f"the drain among {set(after)}")
    drain = after["drain flush"]["phases"]
    equal(True, {"gather", "encode", "server", "end", "settle"} <= set(drain), f"phases of the drain {drain}")


def cold():
    """What is not in memory is asked of the database, and names, attributes and bytes are told apart."""
    remount()
    os.stat(path("g1"))
    with open(path("g2"), "rb") as f:
        f.read()
    seen = operations()
    equal(True, bool({"name", "directory"} & set(seen["lookup"]["phases"])), f"a cold lookup {seen['lookup']}")
    equal(True, bool({"layout", "data"} & set(seen["read"]["phases"])), f"a cold read {seen['read']}")
    equal(True, any(name.startswith("read_") for name in seen), f"the reader's questions among {set(seen)}")
    check_sums(seen)


def waiting():
    said = subprocess.run([THULE, "status", MNT, "--requests", "--json"], stdout=subprocess.PIPE, check=False).stdout
    return [r for r in json.loads(said).get("requests", []) if r["operation"] == "lookup"]


def database_ms(seen):
    """Milliseconds that lookups have waited for the database."""
    return sum(p["total_ms"] for phase, p in seen.get("lookup", {"phases": {}})["phases"].items() if phase in DATABASE)


def stopped_server():
    """The attributes of the root are known. The time for which the server stood still is the database's, and `thule top` answers meanwhile."""
    remount()
    program = f"import os, sys; os.stat({MNT!r}); print('begun', flush=True); sys.stdin.readline(); os.stat({path('g3')!r})"
    doer = subprocess.Popen([sys.executable, "-c", program], cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    equal("begun\n", doer.stdout.readline(), "who looks for a name")
    with StoppedServer():
        doer.stdin.write("\n")
        doer.stdin.flush()
        eventually("a lookup that waits", waiting)
        begun = time.monotonic()
        before = operations()
        waited = time.monotonic() - begun
    equal(0, doer.wait(timeout=120), "who looked for a name")
    after = operations()
    equal(True, database_ms(after) - database_ms(before) >= waited * 1000,
          f"ms of {after['lookup']} that lookups waited for the database while it stood still for {waited} s")


def in_sql():
    """The same numbers, asked for anew each time, also by a transaction that may only read."""
    write("once", b"once")
    first = latency()
    write("again", b"again")
    second = latency()
    equal(1.0, second["create", "total"][1] - first["create", "total"][1], "creates between two questions")
    for (operation, phase), (part, n, total, mean, p50, p90, p99, longest) in second.items():
        what = f"{operation} {phase}"
        equal(True, n > 0 and abs(mean * n - total) <= 1e-6 + 1e-6 * total, f"mean of {what}")
        equal(True, p50 <= p90 <= p99 <= longest <= total + 1e-6, f"quantiles of {what}")
        equal("total" if phase == "total" else "journal" if phase in JOURNAL else "database" if phase in DATABASE else part, part, what)
    equal(True, ("lookup", "total") in second, f"lookups in {set(second)}")
    rows = int(shell("sql", "begin transaction read only; select count(*) from thule.latency where at > now(); commit"))
    equal(True, rows > 0, "rows for a transaction that only reads")
    # Without a question nothing is written.
    at = shell("sql", "select max(at) from thule.live_latency")
    write("more", b"more")
    shell("sql", "select pg_sleep(1.5)")
    equal(at, shell("sql", "select max(at) from thule.live_latency"), "when latencies were published that nobody asked for")
    # Whose snapshot is older than the answer is told what there is, at once.
    rows = shell("sql", "begin isolation level repeatable read; select count(*) from thule.latency where at < now(); commit")
    equal(True, int(rows) > 0, "rows for a transaction with an old snapshot")


def processes():
    """Each with its program, its threads together; for others their own alone."""
    os.chmod(MNT, 0o777)
    program = f"import os; [os.close(os.open({path('alice-%d')!r} % i, os.O_CREAT)) for i in range(7)]; print(os.getpid(), flush=True); os.read(0, 1)"
    alice = subprocess.Popen([sys.executable, "-c", program], user=ALICE, group=ALICE, extra_groups=[], cwd="/", stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    pid = int(alice.stdout.readline())
    everything = top("--once")[0]
    mine = [p for p in everything["processes"] if p["pid"] == pid]
    equal(1, len(mine), f"processes {pid} in {everything['processes']}")
    equal(("python3", ALICE), (mine[0]["program"], mine[0]["uid"]), "who it is")
    equal(True, mine[0]["count"] >= 7 and mine[0]["total_ms"] > 0, f"what it did {mine}")
    equal(True, any(p["pid"] == os.getpid() for p in everything["processes"]), "us among the processes")
    theirs = top("--once", uid=ALICE)[0]
    equal((None, [pid]), (theirs["operations"], [p["pid"] for p in theirs["processes"]]), "what another user is told")
    text = run(MNT, "--once", uid=ALICE)
    equal((0, True), (text.returncode, "root" in text.stdout), f"what another user is shown: {text}")
    alice.stdin.close()
    alice.wait(timeout=120)


def plainly():
    """Reports follow each other; each later one is of its interval."""
    text = run(MNT, "--once").stdout
    equal(True, "\ncreate " in text and "\npython3 " in text and "\x1b" not in text, f"the text {text}")
    begun = time.monotonic()
    first, second = top("-n", "2")
    equal(True, time.monotonic() - begun >= 1, "two reports without an interval")
    equal(True, first["seconds"] > 1 > 0.5 <= second["seconds"], f"seconds of reports {first['seconds']}, {second['seconds']}")
    equal(0, sum(o["count"] for o in second["operations"] if o["operation"] == "create"), "creates while nothing was made")
    # Of the directory that it is run in, as of the only mount there is.
    equal(True, MNT in run("--once", cwd=MNT).stdout, "the mount of the current directory")


def on_a_terminal():
    """It draws the screen until q or Ctrl-C, and puts the terminal back."""
    for key in (b"q", b"\x03"):
        terminal = Terminal("sh", "-c", f"trap : INT; stty -a >{CASE_DIR}/before; '{THULE}' top {MNT}; echo ended $?; stty -a >{CASE_DIR}/after")
        terminal.read(until=b"operation")
        terminal.type(key)
        said = terminal.read(until=b"ended 0")
        equal(True, "\x1b[H" in said, f"a screen in {said!r}")
        # The parts are in what an ordinary terminal has room for.
        equal(True, any(line.rstrip().endswith("reply") for line in said.splitlines()), f"a line of headings in {said!r}")
        terminal.wait()
        with open(f"{CASE_DIR}/before", encoding="ascii") as b, open(f"{CASE_DIR}/after", encoding="ascii") as a:
            equal(b.read(), a.read(), f"the terminal before and after {key}")


def refused():
    """What makes no sense says so."""
    for words, said in ((("-n", "0"), "from 1 on"), (("-n", "x"), "number"), (("-n", ""), "-n"), (("--once", "-n", "2"), "contradict"),
                        (("--interval", "0"), "from 1 on"), (("--interval", "99999999"), "a day"), ((CASE_DIR,), "not in a ThuleFS mount"),
                        (("/no such file",), "/no such file"), ((MNT, MNT), "top")):
        done = run(*words) if words[0].startswith("/") else run(MNT, *words)
        equal((2 if words != ("/no such file",) else done.returncode, True), (done.returncode, said in done.stderr), f"{words}: {done}")
        equal(True, done.returncode != 0, f"exit status of {words}")


def of_the_past():
    """A mount of the past has a daemon that counts as well; what is not mounted has none."""
    subprocess.run([THULE, "snapshot", "create", "first"], cwd=MNT, check=True)
    os.environ["THULE_TEST_OPTIONS"] = "at=first"
    remount()
    os.stat(path("g1"))
    eventually("the daemon", lambda: run(MNT, "--once").returncode == 0)
    seen = operations()
    equal(True, "past" in seen["lookup"]["phases"], f"a lookup in the past {seen['lookup']}")
    os.environ["THULE_TEST_OPTIONS"] = ""
    shell("umount_fs")
    done = run(MNT, "--once")
    equal((2, True), (done.returncode, "not in a ThuleFS mount" in done.stderr), f"where nothing is mounted: {done}")
    shell("mount_fs")


def main():
    need_root()
    counted()
    cold()
    stopped_server()
    in_sql()
    processes()
    plainly()
    on_a_terminal()
    refused()
    of_the_past()


main()
