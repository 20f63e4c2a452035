#!/usr/bin/python3
# The daemon is killed while files are being made, with commits held up so that its journal is full of ops:
# the next mount has all that was acknowledged, each op exactly once.
# transport: uring
import errno
import hashlib
import os
import random
import subprocess
import threading

from case import path, equal, shell, sql

ROUNDS = 4
WRITERS = 3
rng = random.Random(4)


class Hold:
    """A lock that lets no batch commit."""

    def __enter__(self):
        self.psql = subprocess.Popen(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", os.environ["THULE_SOURCE"]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        print("begin; lock table thule.op in exclusive mode; select 'held';", file=self.psql.stdin, flush=True)
        equal("held\n", self.psql.stdout.readline(), "the lock")

    def __exit__(self, *_):
        self.psql.communicate("rollback;\n")


class Writer(threading.Thread):
    """Makes files until the daemon dies; expected holds what was acknowledged."""

    def __init__(self, name, started):
        super().__init__()
        self.folder = name
        self.started = started
        self.expected = {}
        self.made = 0
        self.error = None

    def run(self):
        try:
            os.mkdir(path(self.folder))
            while True:
                self.step()
        except OSError as e:
            # ECANCELED: on its way to a thread of an io_uring, which was killed.
            if e.errno not in (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.ECANCELED):
                self.error = e
        except Exception as e:  # pylint: disable=broad-except
            self.error = e
        finally:
            self.started.release()

    def step(self):
        name = f"{self.folder}/{self.made}"
        data = random.randbytes(random.choice([0, 10, 5000, 40_000]))
        with open(path(name), "wb", buffering=0) as f:
            self.made += 1
            if data:
                f.write(data)
        self.expected[name] = hashlib.sha256(data).hexdigest()
        if self.made % 5 == 0:
            # In flight the file has either name: it is unknown until the call returns.
            digest = self.expected.pop(name)
            os.rename(path(name), path(name + "r"))
            self.expected[name + "r"] = digest
        if self.made % 7 == 0:
            victim = next(name for name, digest in self.expected.items() if digest)
            del self.expected[victim]
            os.unlink(path(victim))
            self.expected[victim] = None
        if self.made == 60:
            self.started.release()


def check(expected):
    for name, digest in expected.items():
        if digest is None:
            if os.path.exists(path(name)):
                raise AssertionError(f"{name} was unlinked and is back")
            continue
        with open(path(name), "rb") as f:
            equal(digest, hashlib.sha256(f.read()).hexdigest(), f"content of {name}")


def one_round(number, everything):
    started = threading.Semaphore(0)
    writers = [Writer(f"round-{number}-{i}", started) for i in range(WRITERS)]
    with Hold():
        for writer in writers:
            writer.start()
        for _ in writers:
            started.acquire()
        shell("kill_only_daemon")
        # Before the mount goes: below it there is a folder, in which they would go on.
        for writer in writers:
            writer.join()
        subprocess.run(["fusermount3", "-uz", path()], check=True)
    for writer in writers:
        if writer.error:
            raise writer.error
        if writer.made < 60:
            raise AssertionError(f"{writer.folder}: only {writer.made} files made")
    shell("mount_fs")
    for writer in writers:
        check(writer.expected)
        everything.update(writer.expected)
    return sum(writer.made for writer in writers)


def main():
    everything = {}
    made = sum(one_round(number, everything) for number in range(ROUNDS))
    check(everything)
    names = sum(digest is not None for digest in everything.values())
    rows = sql(
        "select count(*), count(distinct (o.parent, o.name)), count(distinct ino) from thule.op o"
        " join thule.op_kind k on k.id = kind where k.name = 'create'"
    )
    creates, distinct, inodes = map(int, rows[0])
    equal((creates, creates), (distinct, inodes), "creates that were replayed twice")
    if not made - ROUNDS * WRITERS <= creates <= made + ROUNDS * WRITERS:
        raise AssertionError(f"{made} files were made, the log has {creates}")
    shell("remount_fs")
    check(everything)
    present = sum(len(files) for _, _, files in os.walk(path()))
    # At most one op of each writer was in flight.
    if not names <= present <= names + ROUNDS * WRITERS:
        raise AssertionError(f"{names} files are expected, {present} are there")


main()
