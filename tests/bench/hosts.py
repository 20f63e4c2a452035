"""Two hosts that mount one filesystem: how fast the right to write changes hands, and what it costs who writes alone."""

import os
import statistics
import subprocess
import sys
import threading
import time

import scratch
from pgbench import Script
from point import ACCOUNT, UPDATE
from scratch import Failure, Skip
from workload import Together

sys.path.append(os.path.join(scratch.PROJECT, "tests", "lib"))
import namespaces  # noqa: E402 pylint: disable=wrong-import-position

WRITE_AND_SYNC, WRITE = True, False
PAUSE = 0.3  # after which a mount is idle
ALONE = 1  # after which one knows that the others have ended

CHMOD = "\\set mode random(0, 511)\nselect thule.chmod('/sql', (:mode)::integer);\n"


class Other:
    """The same filesystem, mounted on another host."""

    def __init__(self, thule):
        self.thule = thule
        self.mountpoint = os.path.join(os.path.dirname(thule.dir), "other")
        os.makedirs(self.mountpoint, exist_ok=True)
        self.namespaces = namespaces.Namespaces("other", os.path.dirname(thule.dir))
        self.dir = self.namespaces.root(self.mountpoint)
        self.process = None
        settings = thule.settings(thule.sql("select current_database()"))
        self.source = "postgresql:///{PGDATABASE}?host={PGHOST}&port={PGPORT}&user={PGUSER}".format(**settings)

    def mount(self):
        options = ["-o", ",".join(self.thule.options)] if self.thule.options else []
        program = os.path.join(self.thule.programs, "thulefs")
        self.process = subprocess.Popen(
            self.namespaces.command(program, self.source, self.mountpoint, "-f", *options),
            env=self.thule.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        scratch.wait_until(self.is_mounted, "mount on another host")

    def is_mounted(self):
        if self.process.poll() is not None:
            raise Failure(f"the filesystem cannot be mounted on another host: exit status {self.process.returncode}")
        with open(f"/proc/{self.process.pid}/mounts", encoding="utf-8", errors="replace") as f:
            return any(line.split()[1] == self.mountpoint for line in f)

    def unmount(self):
        scratch.run(*self.namespaces.command("fusermount3", "-u", self.mountpoint))
        self.process.wait(60)
        self.process = None

    def stop(self):
        if self.process:
            self.unmount()
        self.namespaces.end()

    def abandon(self):
        """After a failure: the mount goes with the last process in its namespace."""
        if self.process:
            self.process.kill()
            self.process.wait()
        self.namespaces.end()


def write(folder, name, text, sync):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(text)
        if sync:
            f.flush()
            os.fsync(f.fileno())


def settle(fs):
    """What was done before is committed, and the mount is idle."""
    scratch.fsync(fs.dir)
    time.sleep(PAUSE)


def files_per_s(fs, name, count, sync):
    """Small files, made, written and closed one after the other."""
    folder = os.path.join(fs.dir, name)
    os.mkdir(folder)
    settle(fs)
    start = time.monotonic()
    for number in range(count):
        write(folder, str(number), b"small", sync)
    return count / (time.monotonic() - start)


def alone_and_beside(fs, other, bench, new_turn):
    """One writer, with the filesystem mounted elsewhere, where nobody does anything, and not, by turns."""
    for number in range(bench.sizes.turns):
        sample = new_turn()
        for beside in (number % 2 == 0, number % 2 == 1):
            name, who = (f"beside-{number}", "thulefs") if beside else (f"alone-{number}", "one mount")
            if beside:
                other.mount()
            time.sleep(ALONE)
            count = bench.sizes.commit_count
            sample.add(who, files_per_s=files_per_s(fs, name, count * 10, WRITE),
                       synced_files_per_s=files_per_s(fs, f"{name}-synced", count, WRITE_AND_SYNC))  # fmt: skip
            if beside:
                other.unmount()


def strict_turns_ms(fs, other, count, sync):
    """Each writes and closes a file when the other has done so: what one such turn takes."""
    write(fs.dir, "turn", b"0", WRITE_AND_SYNC)
    start = time.monotonic()
    for number in range(2 * count):
        write((other if number % 2 == 0 else fs).dir, "turn", b"%d" % number, sync)
    return (time.monotonic() - start) * 1000 / (2 * count)


def moves(fs, since):
    """How often the right to write has changed hands after an op, by the log."""
    return int(fs.sql(f"select count(*) from (select mount <> lag(mount) over (order by op) as moved from thule.op where op > {since}) o where o.moved"))


def busy_turns_ms(fs, other, seconds):
    """Both write all the time, each files of its own: what one turn takes."""
    failed = []
    end = time.monotonic() + seconds

    def keep_writing(mount, name):
        try:
            while time.monotonic() < end:
                write(mount.dir, name, b"busy", WRITE_AND_SYNC)
        except OSError as error:
            failed.append(error)

    since = fs.sql("select max(op) from thule.op")
    threads = [threading.Thread(target=keep_writing, args=(mount, str(n))) for n, mount in enumerate((fs, other))]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise Failure(f"a write failed: {failed[0]}")
    return (time.monotonic() - start) * 1000 / max(1, moves(fs, since))


def seen_ms(fs, other, count):
    """When the other mount shows a size that fsync has said is committed, to who looks all the time."""
    times = []
    for number in range(count):
        write(fs.dir, "seen", b"x" * (1 + number), WRITE_AND_SYNC)
        start = time.monotonic()
        while not os.path.exists(os.path.join(other.dir, "seen")) or os.stat(os.path.join(other.dir, "seen")).st_size != 1 + number:
            if time.monotonic() > start + 10:
                raise Failure("the other mount does not show what was written")
        times.append(time.monotonic() - start)
        time.sleep(0.03)
    return statistics.median(times) * 1000


def hand_over(fs, other, bench, new_turn):
    """Between two hosts, in both directions."""
    other.mount()
    for _ in range(bench.sizes.turns):
        sample = new_turn()
        count = bench.sizes.commit_count // 2
        sample.add("thulefs", strict_synced_ms=strict_turns_ms(fs, other, count, WRITE_AND_SYNC),
                   strict_closed_ms=strict_turns_ms(fs, other, count, WRITE), busy_ms=busy_turns_ms(fs, other, bench.sizes.seconds),
                   seen_ms=seen_ms(fs, other, count))  # fmt: skip
    other.unmount()


def sql_idle_ms(session, count):
    """Each transaction comes when the mount has had nothing to do for a while."""
    times = []
    for number in range(count):
        time.sleep(PAUSE)
        times.append(session.timed(f"select thule.chmod('/sql', {number % 512})"))
    return statistics.median(times)


class Session:
    """One of psql, which says what each statement took."""

    def __init__(self, fs):
        settings = fs.settings(fs.sql("select current_database()"))
        self.process = subprocess.Popen(["psql", "-XAtq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**settings, "PGOPTIONS": "-c synchronous_commit=on"})  # fmt: skip
        self.process.stdin.write("\\timing on\n")

    def timed(self, statement):
        """In milliseconds."""
        self.process.stdin.write(f"{statement};\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("Time: "):
                return float(line.split()[1])
        raise Failure(f"psql ended: {statement}")

    def end(self):
        self.process.communicate()


def beside_sql(fs, bench, new_turn):
    """SQL that changes a mode at a time: beside a mount that writes, beside an idle one, and what the commit of a row takes."""
    write(fs.dir, "sql", b"", WRITE_AND_SYNC)
    session = Session(fs)
    session.timed("select thule.chmod('/sql', 0)")
    for _ in range(bench.sizes.turns):
        sample = new_turn()
        stop = threading.Event()

        def keep_writing(stop=stop):
            while not stop.is_set():
                write(fs.dir, "busy", b"busy", WRITE)

        writer = threading.Thread(target=keep_writing)
        writer.start()
        try:
            busy = 1000 / Script(fs, CHMOD).per_second(1, bench.sizes.seconds)
        finally:
            stop.set()
            writer.join()
        settle(fs)
        row = 1000 / Script(fs, CHMOD).per_second(1, bench.sizes.seconds)
        commit = 1000 / Script(fs, UPDATE).per_second(1, bench.sizes.seconds)
        idle = sql_idle_ms(session, max(2, bench.sizes.commit_count // 20))
        sample.add("thulefs", sql_busy_ms=busy - commit, sql_idle_ms=idle - commit, sql_row_ms=row - commit)
    session.end()


def measure(bench, new_turn):
    if not namespaces.available():
        raise Skip("no namespaces can be made here, which stand for another host")
    fs = bench.thule()
    fs.start()
    for statement in ACCOUNT.split(";"):
        fs.sql(statement)
    other = bench.remember(Other(fs))
    alone_and_beside(fs, other, bench, new_turn)
    hand_over(fs, other, bench, new_turn)
    beside_sql(fs, bench, new_turn)
    other.stop()
    fs.stop()


FILES = ("files_per_s", "synced_files_per_s")
TIMES = ("strict_synced_ms", "strict_closed_ms", "busy_ms", "seen_ms", "sql_busy_ms", "sql_idle_ms", "sql_row_ms")

WORKLOADS = [
    Together("hosts", "two hosts that write one filesystem in turns, and SQL beside a mount", measure,
             {"thulefs": (*FILES, *TIMES), "one mount": FILES}),
]  # fmt: skip
