"""The filesystems side by side: each can be made new and empty, remounted, and taken away again."""

import contextlib
import glob
import os
import resource
import shutil
import subprocess

import scratch
from scratch import Failure, run


class Ext4:
    """A fresh, journalled ext4 on a loop device over one file."""

    name = "ext4"
    max_inodes = None

    def __init__(self, folder, image, size, written=True):
        self.image = image
        self.size = size
        self.written = written
        self.dir = os.path.join(folder, "ext4." + os.path.basename(image))
        os.makedirs(self.dir, exist_ok=True)

    def allocate(self):
        """Written once, so that no round pays for the blocks of the image itself."""
        if os.path.exists(self.image) and os.path.getsize(self.image) == self.size:
            return
        free = scratch.free_bytes(os.path.dirname(self.image))
        if free < self.size:
            raise Failure(f"an image of {self.size / 1e9:.1f} GB for ext4 does not fit in {os.path.dirname(self.image)}, which has"
                          f" {free / 1e9:.1f} GB free: choose another folder with --scratch")
        zeros = bytes(4 << 20)
        part = self.image + ".part"
        with open(part, "wb") as f:
            if not self.written:
                f.truncate(self.size)
            for _ in range(0, self.size if self.written else 0, len(zeros)):
                f.write(zeros)
            os.fsync(f.fileno())
        os.rename(part, self.image)

    def give_up_held(self):
        """A mount namespace that was made meanwhile may still have the last mount: then the image is left to it.

        To make a filesystem under a loop device that is in use would spoil both.
        """
        if not os.path.exists(self.image):
            return
        try:
            scratch.wait_until(lambda: not run("losetup", "--associated", self.image), f"end of the mounts of {self.image}", 10)
        except Failure:
            os.unlink(self.image)

    def start(self):
        self.give_up_held()
        self.allocate()
        run("mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", self.image)
        self.mount()
        run("sync")

    def mount(self):
        run("mount", "-o", "loop", self.image, self.dir)

    def unmount(self):
        run("umount", self.dir)

    def remount(self):
        self.unmount()
        self.mount()

    def stop(self):
        self.unmount()

    def abandon(self):
        """After a failure: whatever is mounted goes."""
        if scratch.is_mounted(self.dir):
            subprocess.run(["umount", "-l", self.dir], check=False)


def raise_descriptor_limit():
    """As many as we may have, for us and our children. Returns the limit."""
    with open("/proc/sys/fs/nr_open", encoding="ascii") as f:
        wanted = min(1 << 20, int(f.read()))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except ValueError:  # the machine does not let root have more
        wanted = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    return wanted


class Passthrough:
    """libfuse's passthrough_ll over such an ext4. It holds a descriptor per inode that the kernel knows."""

    name = "passthrough_ll"

    def __init__(self, folder, lower, program):
        self.lower = lower
        self.program = program
        self.max_inodes = raise_descriptor_limit() - 100
        self.dir = os.path.join(folder, "passthrough")
        os.makedirs(self.dir, exist_ok=True)
        self.process = None

    def start(self):
        self.lower.start()
        self.mount()

    def mount(self, options=""):
        self.process = subprocess.Popen(
            [self.program, "-f", "-o", f"source={self.lower.dir}{options}", self.dir],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        scratch.wait_until(lambda: scratch.is_mounted(self.dir), "mount of passthrough_ll")

    def unmount(self):
        run("fusermount3", "-u", self.dir)
        self.process.wait(60)
        self.process = None

    def remount(self):
        self.unmount()
        self.lower.remount()
        self.mount()

    def stop(self):
        self.unmount()
        self.lower.stop()

    def abandon(self):
        if scratch.is_mounted(self.dir):
            subprocess.run(["fusermount3", "-uz", self.dir], check=False)
        if self.process:
            scratch.kill_group(self.process)
            self.process = None
        self.lower.abandon()


class Thule:
    """Ours, over a private PostgreSQL made anew, which is on `lower` where there is one, and else in the folder."""

    max_inodes = None

    def __init__(self, folder, programs, name="thulefs", options=(), lower=None):
        self.name = name
        self.programs = programs
        self.lower = lower
        short = name.replace("=", "-")
        self.home = os.path.join(lower.dir if lower else folder, f"{short}-home")
        self.dir = os.path.join(folder, short)
        self.options = list(options)
        os.makedirs(self.dir, exist_ok=True)
        self.environment = {k: v for k, v in os.environ.items() if k != "THULE_DB"}
        self.environment["THULE_HOME"] = self.home
        self.pid = None
        self.uuid = None

    def thule(self, *arguments):
        return run(os.path.join(self.programs, "thule"), *arguments, env=self.environment)

    def sql(self, query):
        return self.thule("sql", "-XAtq", "-c", query).strip()

    def start(self):
        if self.lower:
            self.lower.start()
        self.mount()

    def mount(self):
        options = ["-o", ",".join(self.options)] if self.options else []
        self.thule("mount", self.dir, *options)
        self.pid, self.uuid = self.sql("select pid, uuid from thule.mount, thule.superblock where ended_at is null").split("|")
        self.pid = int(self.pid)

    def unmount(self):
        self.thule("umount", self.dir)
        self.pid = None

    def remount(self):
        self.unmount()
        self.mount()

    def restart_database(self):
        """Under the mount, which stays, and is asked again for all that the kernel had of it."""
        self.thule("cluster", "stop", "--force")
        self.thule("cluster", "start")
        scratch.drop_caches()

    def server_processes(self):
        with open(os.path.join(self.home, "data", "postmaster.pid"), encoding="ascii") as f:
            parent = int(f.readline())
        children = run("ps", "-o", "pid=", "--ppid", str(parent))
        return [parent, *map(int, children.split())]

    @contextlib.contextmanager
    def apart(self):
        """Meanwhile the server is on one processor, and the daemon and who calls this on another, where there are two."""
        processors = sorted(os.sched_getaffinity(0))
        threads = [int(thread) for thread in os.listdir(f"/proc/{self.pid}/task")]

        def pin(server, others):
            for processes, allowed in ((self.server_processes(), server), ([0, *threads], others)):
                for process in processes:
                    os.sched_setaffinity(process, allowed)

        pin(processors[-1:], processors[:1])
        try:
            yield
        finally:
            pin(processors, processors)

    def memory(self, field):
        """Bytes of a field of the daemon's status: VmHWM is its largest resident set so far, RssAnon what it has itself."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith(field))

    def counters(self):
        """What the server has done so far."""
        row = self.sql(
            "select (select next_op from thule.superblock), pg_current_wal_lsn() - '0/0',"
            " (select xact_commit from pg_stat_database where datname = current_database()),"
            " pg_database_size(current_database())"
        )
        return dict(zip(("ops", "wal", "transactions", "size"), (int(v) for v in row.split("|"))))

    def counted(self, before):
        """What it has done since."""
        done = {name: value - before[name] for name, value in self.counters().items()}
        return {"ops": done["ops"], "wal_bytes_per_op": done["wal"] / done["ops"],
                "database_bytes_per_op": done["size"] / done["ops"],
                "ops_per_transaction": done["ops"] / max(1, done["transactions"])}

    def settings(self, database):
        """How PostgreSQL's programs reach the server that `thule sql` reaches: a dict of its environment."""
        where = self.sql("select current_user || '|' || trim('\"' from split_part(setting, ',', 1)) || '|' ||"
                         " current_setting('port') from pg_settings where name = 'unix_socket_directories'")
        user, socket, port = where.split("|")
        return {**self.environment, "PGUSER": user, "PGHOST": socket, "PGPORT": port, "PGDATABASE": database}

    def stop(self):
        if self.pid:
            self.unmount()
        self.thule("cluster", "stop")
        shutil.rmtree(self.home)
        if self.lower:
            self.lower.stop()

    def abandon(self):
        """After a failure: mount, daemon, server, files and journal go, in an order in which nothing waits for ever."""
        if scratch.is_mounted(self.dir):
            subprocess.run(["fusermount3", "-uz", self.dir], check=False)
        if self.pid:
            self.end_daemon()
        if os.path.exists(self.home):
            thule = os.path.join(self.programs, "thule")
            subprocess.run([thule, "cluster", "stop", "--force"], env=self.environment, check=False, capture_output=True)
            shutil.rmtree(self.home, ignore_errors=True)
        if self.uuid:
            for journal in glob.glob(f"/run/thulefs/thulefs-{self.uuid}-*"):
                os.unlink(journal)
        if self.lower:
            self.lower.abandon()

    def end_daemon(self):
        process = f"/proc/{self.pid}"
        try:
            scratch.wait_until(lambda: not os.path.exists(process), f"end of the daemon {self.pid}", 20)
        except Failure:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, 9)
        self.pid = None
