"""What the database does alone, measured by pgbench beside thulefs, on the same server."""

import os

import scratch
from scratch import Failure, run


def transactions_per_second(settings, script, clients, seconds, *more):
    """Of a script of pgbench, prepared."""
    out = run("pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds))),
              "-f", script, *more, env=settings)  # fmt: skip
    return float(next(line for line in out.splitlines() if line.startswith("tps =")).split()[2])


class Script:
    """A script of pgbench in the database of a filesystem; its commits wait for the disk."""

    def __init__(self, thule, text):
        self.settings = {**thule.settings(thule.sql("select current_database()")), "PGOPTIONS": "-c synchronous_commit=on"}
        self.path = os.path.join(os.path.dirname(thule.dir), "script.pgbench")
        with open(self.path, "w", encoding="ascii") as f:
            f.write(text)

    def per_second(self, clients, seconds):
        return transactions_per_second(self.settings, self.path, clients, seconds)


class PerTransaction:
    """pgbench making one file per transaction, in a scratch database of the same server as Thule's."""

    name = "pgbench"

    def __init__(self, thule):
        self.thule = thule

    def settings(self):
        return {**self.thule.settings("bench"), "PGOPTIONS": "-c synchronous_commit=off"}

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
        tps = transactions_per_second(self.settings(), os.path.join(scratch.BENCH, "create.pgbench"), clients, seconds, "-D", "n=0")
        made = int(run("psql", "-XAtqc", "select count(*) from thule.dirent", env=self.settings()))
        if made < tps * seconds * 0.5:
            raise Failure(f"pgbench says {tps} tps but made {made} files in {seconds} s")
        return tps
