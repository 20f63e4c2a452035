#!/usr/bin/python3
# Who waits for what: `thule status --requests` and SIGUSR1 tell it while the database stands still, thule.request_wait while only a
# table is locked. Others than root and the mount's owner are told of their own requests.
# db: private
# options: journal=4M
# transport: uring
import json
import os
import signal
import subprocess
import sys
import time

from case import MNT, equal, need_root, path, remount, shell, sql
from other import eventually
from stopped import StoppedServer

THULE, CASE_DIR = os.environ["THULE"], os.environ["CASE_DIR"]
ALICE = 65530

# What each does once it is told to, with what it has opened before; the operation, the file and what it waits for.
DO = {
    "reader": ("f = open('d/read', 'rb', 0)", "f.read(10) == b'read\\n' or sys.exit(3)",
               "read", "/d/read", ("the layout of a file", "data")),
    "writer": ("f = open('d/write', 'r+b', 0)", "[f.write(b'x' * 65536) for _ in range(256)]",
               "write", "/d/write", ("room in the journal",)),
    "fsync": ("f = open('d/sync', 'r+b', 0)", "f.write(b'y'), os.fsync(f.fileno())",
              "fsync", "/d/sync", ("a flush",)),
    "lookup": ("os.stat('e')", "os.stat('e/na\\tme')", "lookup", "/e/na\tme", ("a name", "names of a directory")),
    "past": ("d = os.open('.thule/at/first/f', os.O_RDONLY)", "len(os.listdir(d)) == 2 or sys.exit(3)",
             "readdir", None, ("the past",)),
}
BEGIN = f"""
import os, sys
os.chdir({MNT!r})
%s
print('begun', flush=True)
sys.stdin.readline()
%s
"""


class Doer:
    def __init__(self, before, then, uid=0):
        self.process = subprocess.Popen([sys.executable, "-c", BEGIN % (before, then)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        cwd="/", user=uid, group=uid, extra_groups=[], start_new_session=True, text=True)
        equal("begun\n", self.process.stdout.readline(), f"what is done before {then}")

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def status(*words, uid=0):
    """It asks the daemon alone, so it takes no longer than a program takes to start."""
    begun = time.monotonic()
    done = subprocess.run([THULE, "status", MNT, "--requests", *words], user=uid, group=uid, extra_groups=[], cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    equal((0, ""), (done.returncode, done.stderr), f"status of thule status --requests as {uid}, which said {done.stdout}")
    if time.monotonic() - begun > 2 and "THULE_SANITIZED" not in os.environ:
        print(f"slow: {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return done.stdout


def requests(uid=0):
    return {r["pid"]: r for r in json.loads(status("--json", uid=uid))["requests"]}


def prepare():
    os.chmod(MNT, 0o755)
    for name in "def":
        os.mkdir(path(name))
    for name in ("d/read", "d/write", "d/sync", "e/na\tme", "e/alice", "f/one", "f/two"):
        with open(path(name), "w", encoding="ascii") as f:
            f.write(os.path.basename(name) + "\n")
    subprocess.run([THULE, "snapshot", "create", "first"], cwd=MNT, check=True)
    remount()


def all_named(doers):
    """Each is told by its operation, file, process and what it waits for."""
    try:
        eventually("everybody waiting", lambda: {d.process.pid for d in doers.values()} <= set(requests()))
    except AssertionError:
        print("waiting:", {name: d.process.pid for name, d in doers.items()}, status(), file=sys.stderr)
        raise
    seen, text = requests(), status()
    for name, doer in doers.items():
        operation, file, waits = (DO | {"alice": ("", "", "lookup", "/e/alice", ("a name", "names of a directory"))})[name][2:]
        got = seen[doer.process.pid]
        equal((True, file and file.replace("\t", "\\x09"), "python3", ALICE if name == "alice" else 0, True),
              (got["operation"].startswith(operation), got["path"], got["program"], got["uid"], got["seconds"] >= 0),
              f"the {name}: {got}")
        equal(True, got["waits_for"] in waits, f"what the {name} waits for: {got}")
        lines = [line for line in text.splitlines() if f"[{doer.process.pid}]" in line]
        equal(True, len(lines) == 1 and operation in lines[0] and got["waits_for"] in lines[0], f"the line of the {name} in {text}")
        equal(True, file is None or file.replace("\t", "\\x09") in lines[0], f"the file of the {name} in {lines}")


def logged(doers):
    """SIGUSR1 writes the same in the log, and the daemon goes on."""
    os.kill(int(shell("daemon_pid")), signal.SIGUSR1)

    def lines():
        with open(os.path.join(CASE_DIR, "daemon.log"), encoding="utf-8") as f:
            said = f.read()
        return all(f"python3[{d.process.pid}]" in said for d in doers.values()) and "drain: " in said and "memory: journal" in said
    eventually("the requests in the log", lines)


def own_only(doers):
    """Another user is told of no request but his own, and of nothing that the log says."""
    seen = requests(uid=ALICE)
    equal([doers["alice"].process.pid], list(seen), "whose requests another user is told of")
    equal(None, json.loads(status("--json", uid=ALICE))["last_error"], "the last error, for another user")


def whole_answer():
    """What the daemon itself waits for."""
    answer = json.loads(status("--json"))
    equal((int(shell("daemon_pid")), None), (answer["pid"], answer["error"]), "the daemon")
    equal(True, answer["acknowledged"] > answer["on_disk"] >= 1, f"ops that wait for the database in {answer}")
    journal = answer["memory"]["journal"]
    equal((4 << 20, True), (journal["limit"], 0 < journal["used"] <= journal["limit"]), f"bytes in the journal {journal}")
    equal(len(answer["requests"]), answer["waiting"], "how many wait")


def standing_still():
    doers = {name: Doer(*what[:2]) for name, what in DO.items()}
    # In the directory of the other lookup: the kernel does not have one wait for the other.
    doers["alice"] = Doer("os.stat('e')", "os.stat('e/alice')", ALICE)
    with StoppedServer():
        # First what finds room in the journal, which the writer fills.
        for name in sorted(doers, key=lambda name: name == "writer"):
            doers[name].go_on()
            if name == "fsync":
                eventually("the fsync", lambda: doers["fsync"].process.pid in requests())
        all_named(doers)
        logged(doers)
        own_only(doers)
        whole_answer()
    for name, doer in doers.items():
        equal(0, doer.process.wait(timeout=120), f"how the {name} ended once the server went on")
    eventually("an empty list", lambda: not requests())


def in_sql():
    """Only what reads the bytes of files has to wait: the database tells who that is."""
    remount()
    doer = Doer(*DO["reader"][:2])
    lock = subprocess.Popen([THULE, "sql", "-XAtq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lock.stdin.write("begin; lock table thule.extent in access exclusive mode; select 'locked';\n")
    lock.stdin.flush()
    equal("locked\n", lock.stdout.readline(), "lock")
    doer.go_on()
    query = "select operation, path, pid, comm, uid, state from thule.request_wait"
    rows = eventually("the row of the reader", lambda: shell("sql", query))
    equal(f"read|/d/read|{doer.process.pid}|python3|0|waiting", rows, "thule.request_wait")
    lock.stdin.close()
    lock.wait(timeout=120)
    equal(0, doer.process.wait(timeout=120), "how the reader ended")
    eventually("an empty view", lambda: not shell("sql", query))


def impostor():
    """Anybody can bind a name like the daemon's: who asks looks who listens."""
    device = os.minor(os.stat(MNT).st_dev)
    program = f"import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind('\\0thulefs/{device}/0'); s.listen(); print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", program], user=ALICE, group=ALICE, extra_groups=[], cwd="/", stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    equal(b"1\n", process.stdout.readline(), "somebody else's socket")
    equal(int(shell("daemon_pid")), json.loads(status("--json"))["pid"], "who answers beside somebody else's socket")
    process.stdin.close()
    equal(0, process.wait(timeout=120), "somebody else")


def of_the_past():
    """A mount of the past has no journal, and its daemon answers as well."""
    os.environ["THULE_TEST_OPTIONS"] = "at=first"
    remount()
    # The mount is there before its daemon can be asked.
    eventually("an answer", lambda: subprocess.run([THULE, "status", MNT, "--requests"], stdout=subprocess.DEVNULL, check=False).returncode == 0)
    answer = json.loads(status("--json"))
    equal((int(shell("daemon_pid")), None, None, []), (answer["pid"], answer["drain"], answer["error"], answer["requests"]),
          "the daemon of a mount of the past")
    equal(True, any("past" in name for name in answer["memory"]), f"budgets of the past in {answer['memory']}")
    equal(False, "journal" in answer["memory"], f"a journal in {answer['memory']}")
    os.environ["THULE_TEST_OPTIONS"] = "journal=4M"
    remount()


def main():
    need_root()
    prepare()
    standing_still()
    in_sql()
    impostor()
    of_the_past()
    equal([], sql("select * from thule.fsck"), "findings of fsck")


main()
