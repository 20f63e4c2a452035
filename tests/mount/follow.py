#!/usr/bin/python3
# `thule log --follow` prints every op once and in order: through lost connections, remounts and a killed daemon, and
# it resumes. LISTEN in SQL tells the same.
import json
import os
import select
import subprocess
import threading
import time

from case import MNT, equal, path, remount, shell, sql, write

THULE = os.environ["THULE"]
SOURCE = os.environ["THULE_SOURCE"]


class Follower:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [THULE, "log", "--follow", "--json", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.rows = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.rows.append(json.loads(line))

    def wait(self, op):
        """Until it has printed this op."""
        end = time.monotonic() + 60
        while not self.rows or self.rows[-1]["op"] < op:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"op {op} did not come; the last one is {self.rows[-1:]}")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.reader.join()


def last_op():
    return int(sql("select max(op) from thule.op")[0][0])


def work(folder, count):
    os.mkdir(path(folder))
    for i in range(count):
        write(f"{folder}/{i}", b"x" * (i % 50))
        if i % 3 == 0:
            os.rename(path(folder, str(i)), path(folder, f"{i}-moved"))
        if i % 5 == 0:
            os.chmod(path(folder), 0o700 + i % 8)


def at_once(*folders):
    threads = [threading.Thread(target=work, args=(folder, 150)) for folder in folders]
    for thread in threads:
        thread.start()
    return threads


def join(threads):
    for thread in threads:
        thread.join()


def disconnect(count):
    """Ends the sessions of so many followers, once they follow: before, a lost session is an error that they tell."""
    end = time.monotonic() + 60
    while sql("select count(*) from pg_stat_activity where application_name = 'thule' and datname = current_database()"
              " and query like '-- thule log --follow: the next %'") != [[str(count)]]:
        if time.monotonic() > end:
            raise AssertionError(f"{count} followers did not connect")
        time.sleep(0.02)
    sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'thule'"
        " and datname = current_database()")


def check(follower, first, last):
    expected = sql(f"select op, kind, path, pid from thule.change where op between {first} and {last} order by op")
    got = [[str(row["op"]), row["kind"], row["path"] or "", str(row["pid"])] for row in follower.rows]
    equal(expected, [row for row in got if int(row[0]) <= last], "what it printed")


def check_listen():
    psql = subprocess.Popen(
        ["psql", "-XAtq", "-d", SOURCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print("listen thule_change; select 'listens';", file=psql.stdin, flush=True)
    equal("listens\n", psql.stdout.readline(), "psql")
    before = last_op()
    write("listened", b"x")
    op = last_op()
    # psql shows notifications after a command.
    said = ""
    end = time.monotonic() + 60
    while f'with payload "{op}"' not in said:
        if time.monotonic() > end:
            raise AssertionError(f"no notification of op {op}: {said!r}")
        print("select 'asked';", file=psql.stdin, flush=True)
        while select.select([psql.stdout], [], [], 0.1)[0]:
            line = psql.stdout.readline()
            said += line
            if line == "asked\n":
                break
    psql.communicate()
    rows = sql(f"select op, path from thule.feed({before}, 100)")
    equal("/listened", rows[0][1], "the feed after it")
    equal([["2"]], sql(f"select count(*) from thule.feed({before - 5}, 2)"), "the feed's limit")


def check_table(since, op):
    """For people, with the columns of `thule log`, of which the last is the path."""
    with subprocess.Popen([THULE, "log", "--follow", "--since", f"op:{since}"], stdout=subprocess.PIPE, text=True) as table:
        lines = [table.stdout.readline().split() for _ in range(op - since + 2)]
        table.terminate()
    equal(["op", "time", "user", "pid", "exe", "kind", "path"], lines[0], "the head of the table")
    equal(["create", "/table"], lines[1][-2:], "its first line")


def main():
    write("before", b"x")
    start = last_op()
    write("table", b"")
    check_table(start + 1, last_op())
    start = last_op()
    follower = Follower("--since", f"op:{start + 1}")
    narrow = Follower(path("a"), "--since", f"op:{start + 1}", "--kind", "rename")
    threads = at_once("a", "b")
    disconnect(2)
    join(threads)
    remount()
    disconnect(2)
    threads = at_once("c")
    join(threads)
    shell("kill_daemon")
    shell("mount_fs")
    write("after", b"x")
    last = last_op()
    follower.wait(last)
    follower.stop()
    check(follower, start + 1, last)
    last_rename = max(row["op"] for row in follower.rows if row["kind"] == "rename" and row["path"].startswith("/a/"))
    narrow.wait(last_rename)
    narrow.stop()
    equal(50, len(narrow.rows), "renames in a")
    equal({"rename"}, {row["kind"] for row in narrow.rows}, "kinds in a")

    middle = follower.rows[len(follower.rows) // 2]["op"]
    resumed = Follower("--since", f"op:{middle}")
    resumed.wait(last)
    resumed.stop()
    check(resumed, middle, last)

    now = Follower()
    # Without --since it begins at a moment that only itself knows.
    end = time.monotonic() + 60
    while not now.rows and time.monotonic() < end:
        write("now", b"x")
        last_op()
        time.sleep(0.05)
    now.wait(last_op())
    now.stop()
    check(now, now.rows[0]["op"], last_op())
    equal(True, now.rows[0]["op"] > last, "it begins with what is new")
    check_listen()

    for arguments in (["-n", "3"], ["--until", "now"], ["--since", "op:99999999"], ["--since", "nonsense"]):
        done = subprocess.run([THULE, "log", "--follow", *arguments], capture_output=True, cwd=MNT, timeout=120, check=False)
        equal((2, b""), (done.returncode, done.stdout), f"--follow {arguments}: {done.stderr!r}")


main()
