#!/usr/bin/python3
# Pruning a filesystem that is in use: of a random workload every remembered instant since the horizon, and every
# snapshot, stays what a copy says that was taken then; what is older is gone, blobs included. Also when prune is killed in
# the middle, and after a remount. THULE_TEST_STEPS sets how long the workload runs.
import json
import os
import subprocess
import threading

from case import LIB, MNT, equal, need_root, path, read, remount, sql, write
from churn import Churn

CASE_DIR, THULE, SOURCE = os.environ["CASE_DIR"], os.environ["THULE"], os.environ["THULE_SOURCE"]
STEPS = int(os.environ.get("THULE_TEST_STEPS", "40"))
UNUSED = """select count(*) from thule.blob b where not exists (select from thule.extent e where e.blob = b.id)
    and not exists (select from thule.extent_history e where e.blob = b.id)"""


def thule(*arguments, status=0):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, cwd=MNT, check=False)
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stderr


def manifest(folder):
    return subprocess.run([os.path.join(LIB, "manifest"), folder], check=True, capture_output=True, text=True).stdout


def remember(tree, name=None):
    expected = manifest(tree)
    if name:
        thule("snapshot", "create", name)
    op = int(sql("select max(op) from thule.op")[0][0])
    return {"op": op, "t": name or f"op:{op}", "manifest": expected}


def check(instant):
    copy = os.path.join(CASE_DIR, "copy")
    os.mkdir(copy)
    archive = subprocess.run([THULE, "tar", path("tree"), "--at", instant["t"]], check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-xp", "--xattrs", "--xattrs-include=*", "--acls", "--warning=no-unknown-keyword", "-C", copy],
                   input=archive, check=True)
    equal(instant["manifest"].splitlines(), manifest(copy).splitlines(), f"the tree at {instant['t']}")
    subprocess.run(["rm", "-rf", copy], check=True)


def check_sound(what):
    equal([], sql("select * from thule.fsck"), f"fsck {what}")
    equal([["0"]], sql(UNUSED), f"blobs that nothing refers to, {what}")


def left_before(op):
    """Versions that ended by an op and are in no snapshot, nor the last of an inode that is gone and in one."""
    tables = ("inode", "dirent", "extent", "xattr")
    return sum(int(sql(
        f"select count(*) from thule.{table}_history h where op_to <= {op} and not exists"
        " (select from thule.snapshot s where s.op >= h.op_from and s.op < h.op_to)"
        f" and ('{table}' = 'extent' or exists (select from thule.inode i where i.ino = h.ino)"
        f" or h.op_to < (select max(l.op_to) from thule.{table}_history l where l.ino = h.ino)"
        " or not exists (select from thule.inode_history k join thule.snapshot s on s.op >= k.op_from and s.op < k.op_to"
        " where k.ino = h.ino))")[0][0]) for table in tables)


class Writer(threading.Thread):
    """Overwrites and replaces files until it is stopped; expected is what it left."""

    def __init__(self):
        super().__init__()
        self.stopped = False
        self.expected = {}
        self.rounds = 0

    def run(self):
        os.mkdir(path("busy"))
        while not self.stopped:
            name = f"busy/{self.rounds % 7}"
            data = os.urandom(1 + self.rounds * 37 % 9000)
            write(name + ".new", data)
            os.rename(path(name + ".new"), path(name))
            with open(path(name), "r+b") as f:
                f.write(b"head")
            self.expected[name] = b"head" + data[4:]
            self.rounds += 1


def prune_while_busy(instants):
    writer = Writer()
    writer.start()
    try:
        while writer.rounds < 20:
            pass
        before = int(sql("select count(*) from thule.blob")[0][0])
        planned = json.loads(thule("prune", "--before", instants[4]["t"], "--dry-run", "--json"))
        equal(0, int(sql("select pruned_op from thule.superblock")[0][0]), "what a dry run declares")
        done = json.loads(thule("prune", "--before", instants[4]["t"], "--json"))
        for what in ("inodes", "names", "extents", "attributes", "blobs", "bytes"):
            equal(planned[what], done[what], f"{what} of the dry run and of the prune")
        equal(True, done["attributes"] > 0, "extended attributes are pruned")
        equal(True, done["blobs"] > 0, "blobs are freed")
        equal(True, int(sql("select count(*) from thule.blob")[0][0]) >= before - done["blobs"], "no more than it says")
    finally:
        writer.stopped = True
        writer.join()
    for name, data in writer.expected.items():
        equal(data, read(name), f"content of {name}")
    equal(0, left_before(instants[4]["op"]), "what is left of the past")


def kill_in_the_middle(op):
    """Stops prune while it deletes, then kills it and its session."""
    psql = subprocess.Popen(["psql", "-XAtq", "-d", SOURCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print("begin; lock table thule.extent_history in share mode; select 'held';", file=psql.stdin, flush=True)
    equal("held\n", psql.stdout.readline(), "the lock")
    prune = subprocess.Popen([THULE, "prune", "--before", f"op:{op}"], cwd=MNT, stdout=subprocess.DEVNULL)
    waiting = ("select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
               " and application_name = 'thule'")
    while not ask(waiting):
        pass
    prune.kill()
    prune.wait()
    ask(waiting.replace("select pid", "select pg_terminate_backend(pid)"))
    psql.communicate("rollback;\n")
    equal(True, left_before(op) > 0, "versions that are left")


def ask(query):
    """Without an fsync first, which would wait for the lock."""
    done = subprocess.run(["psql", "-XAtq", "-d", SOURCE, "-c", query], check=True, capture_output=True, text=True)
    return done.stdout.split()


def main():
    tree = path("tree")
    os.mkdir(tree)
    churn = Churn(tree, seed=29)
    instants = []
    for i in range(8):
        for _ in range(STEPS):
            churn.step()
        instants.append(remember(tree, f"snap-{i}" if i in (1, 3) else None))
    for instant in instants:
        check(instant)

    prune_while_busy(instants)
    kept = [instants[1], instants[3], *instants[4:]]
    for instant in kept:
        check(instant)
    check_sound("after prune")
    for instant in (instants[0], instants[2]):
        equal(True, "pruned" in thule("ls", tree, "--at", instant["t"], status=1), "what a pruned instant says")

    kill_in_the_middle(instants[6]["op"])
    kept = [instants[1], instants[3], *instants[6:]]
    for instant in kept:
        check(instant)
    check_sound("after a prune that was killed")
    # Steps that somebody else made in SQL, and gave up.
    sql("select thule_internal.prune_step(7)")
    sql("select thule_internal.prune_step(7)")
    remount()
    thule("prune", "--before", instants[6]["t"])
    equal(0, left_before(instants[6]["op"]), "what is left of the past")
    for instant in kept:
        check(instant)
    check_sound("after it was run again")

    thule("snapshot", "delete", "snap-3")
    thule("prune", "--keep", "0s", "--ops")
    op = int(sql("select pruned_op from thule.superblock")[0][0])
    equal(0, left_before(op), "what is left of the past")
    for instant in (instants[1], instants[7]):
        check({**instant, "t": instant["t"] if instant is instants[1] else "now"})
    check_sound("after pruning everything but a snapshot")
    equal([["t"]], sql("select count(*) < 200 from thule.op where op < (select log_op from thule.superblock)"), "the log")
    remount()
    equal(instants[7]["manifest"], manifest(tree), "the tree that is mounted")

    thule("config", "set", "retention", "90d")
    equal("90d\n", thule("config", "get", "retention"), "config")
    thule("prune")
    thule("config", "unset", "retention")
    thule("prune", status=1)
    for bad in (["--keep", "1d", "--before", "now"], ["--keep", "soon"], ["--before", "2999-01-01"], ["--before", "when?"],
                ["--max-size", "big"], ["--ops", tree], ["a", "b"]):
        thule("prune", *bad, status=2)
    thule("prune", "--keep", "0s", "/never/was", status=1)
    thule("config", "set", "retention", "soon", status=2)
    thule("config", "set", "colour", "red", status=2)
    thule("config", "get", "retention", status=1)


need_root()
main()
