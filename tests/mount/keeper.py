#!/usr/bin/python3
# With -o keeper the daemon is killed and replaced again and again while programs work: none sees an error, each change is made once, and what
# is open, locked or being listed stays so. THULE_TEST_KILLS and THULE_TEST_UPGRADES say how often.
# options: keeper
import collections
import contextlib
import errno
import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from case import MNT, equal, path, skip, sql
from kept import daemon_of, kernel_sends_again
from other import eventually

KILLS = int(os.environ.get("THULE_TEST_KILLS", "20"))
UPGRADES = int(os.environ.get("THULE_TEST_UPGRADES", "20"))
CASE = os.environ["CASE_DIR"]
FIO = shutil.which("fio")


def keeper():
    with open(f"{CASE}/daemon.pid", encoding="ascii") as f:
        return int(f.read())


def daemon():
    return daemon_of(keeper())


class Worker(threading.Thread):
    """Repeats a round of work until it is told to stop; any error is the test's."""

    def __init__(self, round_):
        super().__init__(daemon=True)
        self.round, self.rounds, self.error, self.stop = round_, 0, None, False

    def run(self):
        try:
            while not self.stop:
                self.round(self.rounds)
                self.rounds += 1
        except BaseException as e:  # pylint: disable=broad-except
            self.error = e


def names(prefix):
    """Each name once: a change that is done twice, or not at all, is an error here."""

    def step(i):
        base = path(f"{prefix}-{i}")
        os.mkdir(base)
        fd = os.open(f"{base}/a", os.O_CREAT | os.O_EXCL | os.O_RDWR)
        data = os.urandom(random.choice((1, 5000, 70_000)))
        equal(len(data), os.write(fd, data), "bytes written")
        equal(2, os.write(fd, b"xy"), "bytes appended")
        os.fchmod(fd, 0o640)
        os.ftruncate(fd, len(data) + 1)
        os.fsync(fd)
        equal(data + b"x", os.pread(fd, len(data) + 9, 0), "what was written")
        os.close(fd)
        os.link(f"{base}/a", f"{base}/b")
        os.symlink("a", f"{base}/c")
        os.setxattr(f"{base}/a", "user.x", b"1", os.XATTR_CREATE)
        os.removexattr(f"{base}/a", "user.x")
        os.rename(f"{base}/b", f"{base}/d")
        equal(["a", "c", "d"], sorted(os.listdir(base)), "names")
        equal(2, os.stat(f"{base}/a").st_nlink, "links")
        for name in "acd":
            os.unlink(f"{base}/{name}")
        os.rmdir(base)

    return step


def appender(i):
    """Appends to one file: a write that is done twice shows."""
    with open(path("log"), "ab", buffering=0) as f:
        equal(10, f.write(b"%9d\n" % i), "bytes appended")


def nameless(i):
    with open(path(f"nameless-{i}"), "w+b", buffering=0) as f:
        os.unlink(path(f"nameless-{i}"))
        f.write(b"still here")
        time.sleep(0.02)
        f.seek(0)
        equal(b"still here", f.read(), "an open file without a name")
        equal(0, os.fstat(f.fileno()).st_nlink, "its links")


def command(*words):
    def step(i):
        done = subprocess.run([w.replace("@", str(i)) for w in words], cwd=MNT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{words}: {done.returncode} {done.stdout} {done.stderr}")

    return step


def kill(last):
    """Kills a daemon, also while it is being started; not twice the same."""
    pid = eventually("another daemon", lambda: (pid := daemon()) != last and pid)
    time.sleep(random.choice((0, 0.05, 0.2, 0.4, 0.6)))
    # After an upgrade it is the one that was replaced.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return pid


def upgrade():
    """As people do it; a daemon that is only coming up can perhaps not be found yet."""

    def replaced():
        done = subprocess.run([os.environ["THULE"], "upgrade", "--daemon", MNT], capture_output=True, text=True, check=False)
        if done.returncode and "is being started" not in done.stderr:
            raise AssertionError(f"upgrade: {done.returncode} {done.stdout} {done.stderr}")
        return not done.returncode

    eventually("an upgrade", replaced)


def replace_often(workers):
    last, ways = 0, [kill] * KILLS + [upgrade] * UPGRADES
    random.shuffle(ways)
    done = collections.Counter()
    for way in ways:
        if any(w.error for w in workers):
            break
        if way is kill:
            last = kill(last)
        else:
            upgrade()
        done[way.__name__] += 1
    print("daemons:", dict(done))


def hold():
    """Opens and locks, and begins to list, what has to be there at the end."""
    os.mkdir(path("many"))
    for i in range(2000):
        open(path(f"many/{i}"), "wb").close()
    held = open(path("held"), "w+b", buffering=0)
    held.write(b"before")
    fcntl.flock(held, fcntl.LOCK_EX)
    fcntl.lockf(held, fcntl.LOCK_EX, 3, 1)
    gone = open(path("gone"), "w+b", buffering=0)
    gone.write(b"nameless")
    os.unlink(path("gone"))
    listing = os.scandir(path("many"))
    seen = [next(listing).name for _ in range(5)]
    return held, gone, listing, seen


def check_held(held, gone, listing, seen):
    seen += [e.name for e in listing]
    equal(sorted(map(str, range(2000))), sorted(seen), "a listing that went on")
    for lock in ("flock(f, LOCK_EX | LOCK_NB)", "lockf(f, LOCK_EX | LOCK_NB, 3, 1)"):
        other = subprocess.run([sys.executable, "-c", f"from fcntl import *\nwith open('{path('held')}', 'r+b') as f: {lock}"], capture_output=True, text=True,
                               check=False)
        equal((1, True), (other.returncode, f"[Errno {errno.EWOULDBLOCK}]" in other.stderr), f"a second {lock}: {other.stderr}")
    held.write(b" and after")
    equal(b"before and after", os.pread(held.fileno(), 99, 0), "the file that stayed open")
    gone.write(b" and more")
    equal(b"nameless and more", os.pread(gone.fileno(), 99, 0), "the open file without a name")
    for f in (held, gone):
        f.close()


def main():
    held = hold()
    subprocess.run(["git", "init", "-q", f"{CASE}/source"], check=True)
    for i in range(40):
        with open(f"{CASE}/source/{i}", "wb") as f:
            f.write(os.urandom(3000))
    for words in (["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "files"]):
        subprocess.run(["git", "-C", f"{CASE}/source", *words], check=True)
    shell_db = path("db")
    subprocess.run(["sqlite3", shell_db, "create table t (n int)"], check=True)
    rounds = [names("x"), names("y"), appender, nameless,
              command("git", "clone", "-q", "--no-hardlinks", f"{CASE}/source", "clone-@"),
              command("sqlite3", "-cmd", ".timeout 60000", shell_db, "insert into t values (@)")]
    if FIO:
        rounds.append(command("fio", "--name=v@", "--directory=.", "--rw=randwrite", "--bsrange=512-64k", "--size=4m", "--verify=crc32c",
                              "--verify_fatal=1", "--verify_state_save=0", "--ioengine=psync", f"--output={CASE}/fio.log"))
    workers = [Worker(r) for r in rounds]
    for w in workers:
        w.start()
    replace_often(workers)
    for w in workers:
        w.stop = True
    for w in workers:
        w.join(100)
        if w.is_alive():
            raise AssertionError(f"{w.round} hangs")
        if w.error:
            raise w.error
    print("rounds:", [w.rounds for w in workers])
    if not all(w.rounds for w in workers):
        raise AssertionError("a worker has done nothing")
    with open(path("log"), "rb") as f:
        equal(b"".join(b"%9d\n" % i for i in range(workers[2].rounds)), f.read(), "what was appended")
    done = subprocess.run(["sqlite3", shell_db, "pragma integrity_check; select count(*), count(distinct n) from t"], capture_output=True, text=True,
                          check=True)
    equal(f"ok\n{workers[5].rounds}|{workers[5].rounds}\n", done.stdout, "the database")
    check_held(*held)
    equal([], sql("select kind, path from thule.change where kind = 'mkdir' group by 1, 2 having count(*) > 1"), "directories made twice")
    # The kernel tells of the last close when it likes.
    eventually("the end of nameless files that nobody has open", lambda: sql("select count(*) from thule.inode where nlink = 0") == [["0"]])


if not kernel_sends_again():
    skip("the kernel does not send again")
main()
