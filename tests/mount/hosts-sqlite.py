#!/usr/bin/python3
# mount: no
# labels: long
"""SQLite on two hosts at once, in one database, whose locks hold on both: no row is lost and none is there twice, and after one of the daemons was killed
every transaction is there of which it was said that it was committed."""

import json
import os
import subprocess

from case import equal
from hosts import Hosts

ROUNDS = 8

# Says the number of each transaction that is committed. EXTRA: also the end of the rollback journal is synced.
WRITER = """import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=120, isolation_level=None)
db.execute("pragma synchronous = extra")
for i in range(int(sys.argv[3]), int(sys.argv[4])):
    db.execute("begin immediate")
    (count,) = db.execute("select count(*) from entry").fetchone()
    db.execute("insert into entry values (?, ?, ?)", (sys.argv[2], i, count))
    db.execute("update total set entries = entries + 1")
    db.execute("commit")
    print(i, flush=True)
"""


ASK = """import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=120, isolation_level=None)
print(json.dumps([row for statement in sys.argv[2:] for row in db.execute(statement)]))
"""


class Writer:
    """On a host, from one number to another."""

    def __init__(self, host, first, end):
        command = host.command("python3", "-c", WRITER, os.path.join(host.mountpoint, "db"), host.name, str(first), str(end))
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = 0

    def wait_for(self, number):
        while self.said < number:
            equal(f"{self.said}\n", self.process.stdout.readline(), "what the writer says")
            self.said += 1

    def end(self):
        """Its exit status; what it has said is counted."""
        out, _ = self.process.communicate(timeout=120)
        self.said += out.count("\n")
        return self.process.returncode


def ask(host, *statements):
    """Rows of the statements, each as a list. SQLite itself would resolve the path by which files of a host are reached from here."""
    return json.loads(host.run("python3", "-c", ASK, os.path.join(host.mountpoint, "db"), *statements))


def rows(host):
    """By host, how many there are, all of them once."""
    (sound,), (total,), *entries = ask(host, "pragma integrity_check", "select entries from total", "select who, i, place from entry order by place")
    equal(("ok", len(entries)), (sound, total), f"integrity, and rows that were counted, on {host.name}")
    equal(list(range(len(entries))), [place for _, _, place in entries], "places")
    found = {}
    for who, i, _ in entries:
        equal(found.setdefault(who, 0), i, f"the next one of {who}")
        found[who] += 1
    return found


def main():
    with Hosts("one", "two") as (one, two):
        one.mount("locks=cluster")
        ask(one, "create table entry (who text, i integer, place integer unique)", "create table total (entries integer)", "insert into total values (0)")
        two.mount("locks=cluster")
        writers = [Writer(host, 0, ROUNDS) for host in (one, two)]
        equal([0, 0], [writer.end() for writer in writers], "exit statuses")
        for host in (one, two):
            equal({"one": ROUNDS, "two": ROUNDS}, rows(host), f"rows on {host.name}")

        stays, dies = Writer(one, ROUNDS, 3 * ROUNDS), Writer(two, ROUNDS, 100 * ROUNDS)
        stays.said = dies.said = ROUNDS
        dies.wait_for(ROUNDS + 4)
        two.kill()
        equal(True, dies.end() != 0, "whether who wrote on the killed one has failed")
        equal(0, stays.end(), "exit status of the other")
        found = rows(one)
        equal((3 * ROUNDS, True), (found["one"], found["two"] in (dies.said, dies.said + 1)), f"rows, of {dies.said} that were committed: {found}")
        two.mount("locks=cluster")
        again = Writer(two, found["two"], found["two"] + 2)
        again.said = found["two"]
        equal(0, again.end(), "exit status of the next one")
        for host in (one, two):
            equal({"one": 3 * ROUNDS, "two": found["two"] + 2}, rows(host), f"rows on {host.name} at the end")


main()
