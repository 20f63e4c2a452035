#!/usr/bin/python3
# How much is asked of the database for an operation: statements and rows as the server counts them, whatever the time.
import os
import random
import subprocess
import time

from case import MNT, equal, path, remount, settled, shell
from statements import STATEMENTS

FOLDERS, FILES, LARGE = 30, 100, 5000
PAGE = 1000
# Questions about names and attributes, by what only they say.
KINDS = {
    "page": "%order by d.cookie%limit%",
    "name": "%d.parent = $1::bigint and d.name = $2::bytea%",
    "inode": "%from thule.inode i%i.ino = $1::bigint%union all%",
}


def asked():
    """Statements and rows so far of each kind. What is asked for changes nothing, so there is nothing to commit."""
    columns = ",".join(
        f"coalesce(sum({what}) filter (where query like '{like}'), 0)" for like in KINDS.values() for what in ("calls", "rows")
    )
    row = shell("sql", f"select {columns} from {STATEMENTS}")
    numbers = [int(n) for n in row.split("|")]
    return dict(zip(KINDS, zip(numbers[::2], numbers[1::2])))


def counted(function, *arguments):
    """What function asked of the database: statements of each kind, and rows of all."""
    before = settled(asked)
    function(*arguments)
    after = asked()
    calls = {kind: after[kind][0] - before[kind][0] for kind in KINDS}
    return calls, sum(after[kind][1] - before[kind][1] for kind in KINDS)


def at_most(limit, calls, what):
    if sum(calls.values()) > limit:
        raise AssertionError(f"{what}: expected at most {limit} statements, got {calls}")


def make(folder, count):
    os.mkdir(path(folder))
    for i in range(count):
        os.close(os.open(path(folder, f"f{i:05}"), os.O_CREAT | os.O_WRONLY, 0o644))


def stat_all(paths):
    for p in paths:
        os.lstat(p)


def missing(paths):
    for p in paths:
        equal(False, os.path.lexists(p), p)


def random_stat():
    """Files of small directories: two names and one page of each directory; what was looked up, or is not in them, is known then."""
    paths = [path("tree", f"d{i:02}", f"f{j:05}") for i in range(FOLDERS) for j in range(FILES)]
    random.Random(14).shuffle(paths)
    remount()
    calls, _ = counted(stat_all, paths)
    at_most(3 * (FOLDERS + 1) + 5, calls, f"stat of {len(paths)} files in {FOLDERS} directories")
    calls, _ = counted(stat_all, paths)
    at_most(0, calls, "stat of what is cached")
    calls, _ = counted(missing, [p + "-none" for p in paths[:500]])
    at_most(0, calls, "names that known directories have not")


def lone_stat():
    """One file of each directory pays for no neighbours of it."""
    remount()
    _, rows = counted(stat_all, [path("tree", f"d{i:02}", f"f{i:05}") for i in range(FOLDERS)])
    equal(True, rows <= 3 * FOLDERS, f"{rows} rows read for one file of each of {FOLDERS} directories")


def random_stat_in_a_large_one():
    """Names of a large directory come with ever more of their neighbours, and never with much more than is found."""
    names = [path("large", f"f{i:05}") for i in range(LARGE)]
    random.Random(15).shuffle(names)
    remount()
    calls, rows = counted(stat_all, names[:10])
    at_most(25, calls, "stat of ten files of a large directory")
    equal(True, rows <= 3000, f"{rows} rows read for ten files of a large directory")
    calls, rows = counted(stat_all, names[10:])
    at_most(200, calls, "stat of all files of a large directory")
    equal(True, rows <= LARGE + 500, f"{rows} rows read for {LARGE} files")


def missing_in_a_large_one():
    """Names that do not exist pay for no neighbours."""
    remount()
    _, rows = counted(missing, [path("large", f"none-{i}") for i in range(300)])
    equal(True, rows <= 2500, f"{rows} rows read for names that do not exist")


def walks():
    """A statement for each page of a directory, and none for what is listed."""
    pages = FOLDERS + 2 + LARGE // PAGE + 1 + 1
    for command in (["find", MNT], ["ls", "-lR", MNT], ["find", MNT, "-size", "+1"]):
        remount()
        calls, _ = counted(lambda c: subprocess.run(c, stdout=subprocess.DEVNULL, check=True), command)
        at_most(pages + 5, calls, " ".join(command[:2]))


def switches():
    """How often threads of the daemon have gone to sleep so far."""
    count, daemon = 0, shell("daemon_pid")
    for task in os.listdir(f"/proc/{daemon}/task"):
        with open(f"/proc/{daemon}/task/{task}/status", encoding="ascii") as status:
            count += sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches"))
    return count


def lone_reads():
    """A read that the kernel cannot answer, alone: the thread that has the request sleeps for the answer, and for the next request.

    On a busy machine an answer comes late, and the daemon asks otherwise for some ms: one of twenty rounds has to be undisturbed.
    """
    count = 100
    with open(path("pieces"), "wb") as f:
        f.write(random.Random(2).randbytes(16 << 20))
    remount()
    fd = os.open(path("pieces"), os.O_RDONLY)
    offsets = random.Random(16).sample(range(16, 16 * 256, 2), 20 * count)
    rounds = []
    while offsets and not (rounds and min(rounds) < 3):
        taken, offsets = offsets[:count], offsets[count:]
        if rounds:
            time.sleep(0.1)
        before = switches()
        for off in taken:
            os.pread(fd, 4096, off * 4096)
        rounds.append((switches() - before) / count)
    os.close(fd)
    equal(True, min(rounds) < 3, f"{rounds} times a thread of the daemon went to sleep for a read of 4 KiB")


def past_copies():
    """A file that is copied out of the past is one question, with its bytes; a large one also asks for these."""
    os.mkdir(path("copied"))
    for i in range(40):
        with open(path("copied", f"f{i:02}"), "wb") as f:
            f.write(random.Random(i).randbytes(200000 if i < 2 else 3000))
    shell("sync_fs")
    then = "op:" + shell("sql", "select max(op) from thule.op")
    total = f"select coalesce(sum(calls), 0) from {STATEMENTS} where query like '%is_kept(%'"
    before = settled(lambda: int(shell("sql", total)))
    subprocess.run(["diff", "-r", path("copied"), path(".thule", "at", then, "copied")], check=True)
    asked_for = int(shell("sql", total)) - before
    equal(True, asked_for <= 40 + 15, f"{asked_for} statements for 40 files of the past")
    equal("0", shell("sql", "select coalesce(max(count), 0) from thule.latency where operation = 'flush'"), "kinds of FLUSH requests: nobody else has it mounted")


def main():
    shell("sql", "create extension if not exists pg_stat_statements")
    os.mkdir(path("tree"))
    for i in range(FOLDERS):
        make(f"tree/d{i:02}", FILES)
    make("large", LARGE)
    random_stat()
    lone_stat()
    random_stat_in_a_large_one()
    missing_in_a_large_one()
    walks()
    past_copies()
    # A sanitizer makes a question take longer than the thread waits for it.
    if not os.environ.get("THULE_SANITIZED"):
        lone_reads()


main()
