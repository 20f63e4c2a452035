"""The filesystems side by side: each can be made new and empty, remounted, and taken away again."""

import contextlib
import os
import resource
import shutil
import subprocess

import scratch
from scratch import run

IMAGE_SIZE = 6 << 30


class Ext4:
    """A fresh, journalled ext4 on a loop device over one file that is fully allocated."""

    name = "ext4"
    max_inodes = None

    def __init__(self, folder):
        self.image = os.path.join(folder, "ext4.img")
        self.dir = os.path.join(folder, "ext4")
        os.makedirs(self.dir, exist_ok=True)

    def allocate(self):
        """Written once, so that no round pays for the blocks of the image itself."""
        if os.path.exists(self.image):
            return
        zeros = bytes(4 << 20)
        with open(self.image, "wb") as f:
            for _ in range(0, IMAGE_SIZE, len(zeros)):
                f.write(zeros)
            os.fsync(f.fileno())

    def start(self):
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

    def __init__(self, folder, program):
        self.lower = Ext4(folder)
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
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        scratch.wait_until(lambda: scratch.is_mounted(self.dir), "mount of passthrough_ll")

    def unmount(self):
        run("fusermount3", "-u", self.dir)
        self.process.wait(60)

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
            self.process.kill()
            self.process.wait(60)
        self.lower.abandon()


class Thule:
    """Ours, over a private PostgreSQL made anew."""

    max_inodes = None

    def __init__(self, folder, name="thule", history=True):
        self.home = os.path.join(folder, f"{name}-home")
        self.dir = os.path.join(folder, name)
        self.options = [] if history else ["-o", "history=off"]
        self.name = "thulefs" if history else "history=off"
        os.makedirs(self.dir, exist_ok=True)
        self.environment = {k: v for k, v in os.environ.items() if k != "THULE_DB"}
        self.environment["THULE_HOME"] = self.home
        self.pid = None

    def thule(self, *arguments):
        return run(os.path.join(scratch.BIN, "thule"), *arguments, env=self.environment)

    def sql(self, query):
        return self.thule("sql", "-XAtq", "-c", query).strip()

    def start(self):
        self.mount()

    def mount(self):
        self.thule("mount", self.dir, *self.options)
        self.pid = int(self.sql("select pid from thule.mount where ended_at is null"))

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

    def peak_memory(self):
        """Bytes of the daemon's largest resident set so far."""
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM"))

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

    def stop(self):
        if self.pid:
            self.unmount()
        self.thule("cluster", "stop")
        shutil.rmtree(self.home)

    def abandon(self):
        if scratch.is_mounted(self.dir):
            subprocess.run(["fusermount3", "-uz", self.dir], check=False)
        if os.path.exists(self.home):
            thule = os.path.join(scratch.BIN, "thule")
            subprocess.run([thule, "cluster", "stop", "--force"], env=self.environment, check=False)


class PerTransaction:
    """pgbench making one file per transaction, in a scratch database of the same server as Thule's."""

    name = "pgbench"

    def __init__(self, thule):
        self.thule = thule

    def settings(self):
        """How pgbench reaches the server that `thule sql` reaches."""
        where = self.thule.sql("select current_user || '|' || trim('\"' from split_part(setting, ',', 1)) || '|' ||"
                               " current_setting('port') from pg_settings where name = 'unix_socket_directories'")
        user, socket, port = where.split("|")
        return {**self.thule.environment, "PGUSER": user, "PGHOST": socket, "PGPORT": port,
                "PGDATABASE": "bench", "PGOPTIONS": "-c synchronous_commit=off"}

    def make_database(self):
        self.thule.sql("drop database if exists bench")
        self.thule.sql("create database bench")
        sql = os.path.join(scratch.PROJECT, "sql")
        with open(os.path.join(sql, "install.list"), encoding="ascii") as f:
            lines = (line.split("#")[0].strip() for line in f)
            state = [line for line in lines if line.startswith("schema/")]
        arguments = ["-c", "create schema if not exists thule"]
        for name in state:
            arguments += ["-f", os.path.join(sql, name)]
        parents = ("insert into thule.inode select 2 + n, mode, nlink, uid, gid, rdev, size, allocated, atime_ns,"
                   " mtime_ns, ctime_ns, btime_ns, flags, xattrs, project, target, op_from, valid_from"
                   " from thule.inode, generate_series(0, 15) n where ino = 1")
        run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", *arguments, "-c", parents, env=self.settings())

    def transactions_per_second(self, clients, seconds):
        self.make_database()
        out = run(
            "pgbench", "-n", "-M", "prepared", "-D", "n=0", "-c", str(clients), "-j", str(min(clients, 2)),
            "-T", str(seconds), "-f", os.path.join(scratch.BENCH, "create.pgbench"), env=self.settings(),
        )  # fmt: skip
        made = int(run("psql", "-XAtqc", "select count(*) from thule.dirent", env=self.settings()))
        tps = float(next(line for line in out.splitlines() if line.startswith("tps =")).split()[2])
        if made < tps * seconds * 0.5:
            raise SystemExit(f"bench: pgbench says {tps} tps but made {made} files in {seconds} s")
        return tps
