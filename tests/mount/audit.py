#!/usr/bin/python3
# thule audit: what the daemon, its death, undo, prune, erase, a dump and another identity do is as it was linked; what somebody alters by
# SQL is named, with exit status 1; what cannot be meant is wrong usage.
# labels: long
import json
import os
import random
import re
import subprocess

from case import equal, path, read, shell, sql, write

THULE, SOURCE = os.environ["THULE"], os.environ["THULE_SOURCE"]
rng = random.Random(7)


def thule(*arguments, status=0, source=SOURCE, cwd=None):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd=cwd,
                          env={**os.environ, "THULE_DB": source})
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stdout + done.stderr


def digest(source=SOURCE):
    found = re.fullmatch(r"op:(\d+) ([0-9a-f]{64})\n", thule("audit", "digest", source=source))
    equal(True, bool(found), "the line of a digest")
    return int(found[1]), found[2]


class Hold:
    """A lock that lets no batch commit."""

    def __enter__(self):
        self.psql = subprocess.Popen(["psql", "-XAtq", "-d", SOURCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print("begin; lock table thule.op in exclusive mode; select 'held';", file=self.psql.stdin, flush=True)
        equal("held\n", self.psql.stdout.readline(), "the lock")

    def __exit__(self, *_):
        self.psql.communicate("rollback;\n")


def verify(*digests, **named):
    """It is sound, by the oldest digest and by the newest as well."""
    for kept in digests[1:][-1:]:
        thule("audit", "verify", "--digest", kept, **named)
    return json.loads(thule("audit", "verify", "--json", *(["--digest", digests[0]] if digests else []), **named))


def work(folder, sync=True):
    """What makes rows of each kind, in batches and between them: files that grow, are cut, overwritten, renamed, copied and removed."""
    os.mkdir(path(folder))
    for i in range(60):
        name = f"{folder}/{i}"
        write(name, rng.randbytes(rng.choice([10, 5000, 200000])))
        with open(path(name), "r+b") as f:
            f.seek(rng.randrange(9))
            f.write(b"overwritten")
            f.truncate(rng.choice([5, 4000, 100000]))
        if i % 3 == 0:
            os.setxattr(path(name), "user.a", b"one")
            os.setxattr(path(name), "user.a", b"two")
            os.chmod(path(name), 0o600)
        if i % 4 == 0:
            os.rename(path(name), path(f"{folder}/{i + 1}"))
        elif i % 7 == 0:
            os.unlink(path(name))
        elif i % 5 == 0:
            os.link(path(name), path(f"{folder}/link-{i}"))
        if sync and i % 11 == 0:
            shell("sync_fs")
        if sync and i % 13 == 0 and os.path.exists(path(name)):
            with open(path(name), "rb") as a, open(path(f"{folder}/copy"), "wb") as b:
                os.copy_file_range(a.fileno(), b.fileno(), 100, 2)
            read(name)                      # its atime is nobody's change
    with open(path(f"{folder}/log"), "ab") as f:
        for i in range(50):
            f.write(b"a line\n")
            f.flush()


def altered(statement, table, op, restored):
    """A statement behind our back is found, and the op named."""
    shell("sql", statement)
    told = thule("audit", "verify", status=1)
    equal(True, table in told and f"op:{op} " in told and "not as it was linked" in told, f"{statement} is found, in {told}")
    report = json.loads(thule("audit", "verify", "--json", "-q", status=1).partition("thule:")[0])
    equal([False, op], [report["sound"], report["findings"][0]["op"]], f"the first finding after {statement}")
    shell("sql", restored)
    verify()


def check_usage():
    for words in ([], ["nonsense"], ["digest", "more"], ["verify", "--digest"], ["verify", "--digest", ""], ["verify", "--digest", "abc"],
                  ["verify", "--digest", "x" * 64], ["verify", "--digest", "0" * 65], ["digest", "--digest", "0" * 64]):
        thule("audit", *words, status=2)
    told = thule("audit", "verify", status=1)
    equal(True, "audit digest" in told, f"without a link it says what makes one, in {told}")


def check_daemon():
    """Killed with a full journal, whose ops are replayed in other batches than they came in."""
    work("first")
    kept = [digest()]
    for i in range(3):
        with Hold():
            work(f"killed-{i}", sync=False)
            shell("kill_daemon")
        shell("mount_fs")
        verify(*(k for _, k in kept))
        kept.append(digest())
    equal(int(sql("select max(op) from thule.op")[0][0]), kept[-1][0], "a digest is of all that was done before")
    equal(kept[-1], digest(), "nothing new, no new digest")
    return kept


def check_commands(kept):
    thule("undo", "--since", f"op:{kept[0][0]}", path("killed-0"), "--yes", "--force")
    verify(*(k for _, k in kept))
    kept.append(digest())
    before = digest()
    thule("prune", "--before", f"op:{kept[1][0]}")
    report = verify(*(k for _, k in kept))
    equal([["prune", kept[1][0]]], [[d["kind"], d["horizon"]] for d in report["deleted"]], "what was pruned")
    told = thule("audit", "verify", "--digest", before[1])
    equal(True, "which the digest cannot know" in told, f"a prune after the digest is told, in {told}")
    thule("prune", "--keep", "0s", path("killed-1"))
    thule("prune", "--keep", "0s", "--ops")
    thule("erase", path("first/log"), "--yes")
    equal(True, os.path.exists(path("first/copy")), "a file with bytes of another")
    for name in sorted(os.listdir(path("first")))[::8] + ["copy"]:
        thule("erase", path("first", name), "--yes")
    verify(*(k for _, k in kept))
    kept.append(digest())
    equal([], sql("select * from thule.fsck"), "fsck")


def check_altered():
    work("late")
    digest()
    op, ino = map(int, sql("select op_from, ino from thule.dirent where name = 'log' order by op_from desc limit 1")[0])
    altered(f"update thule.op set kind = 2 where op = {op}", "thule.op ", op, f"update thule.op set kind = 1 where op = {op}")
    altered(f"update thule.dirent set name = 'lag' where ino = {ino}", "thule.dirent ", op, f"update thule.dirent set name = 'log' where ino = {ino}")
    blob, op = map(int, sql(f"select blob, op_from from thule.extent where ino = {ino} order by op_from limit 1")[0])
    flip = f"update thule.blob set data = set_byte(data, 0, get_byte(data, 0) # 255) where id = {blob}"
    altered(flip, "thule.blob ", op, flip)


def check_copy(kept):
    """A dump is restored elsewhere: the digests are good for it, also when it has another identity; and are not for another filesystem."""
    name = f"{os.environ['CASE_DB']}_audit"
    other = SOURCE.replace(os.environ["CASE_DB"], name, 1)
    psql = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d"]
    subprocess.run([*psql, "postgres", "-c", f'create database "{name}" template template0'], check=True)
    try:
        dump = os.path.join(os.environ["CASE_DIR"], "dump")
        subprocess.run(["pg_dump", "-Fc", "-d", SOURCE, "-f", dump], check=True)
        subprocess.run(["pg_restore", "--exit-on-error", "-d", other, dump], check=True)
        verify(*(k for _, k in kept), source=other)
        thule("rebrand", source=other)
        # Its functions may be those of whoever had it.
        thule("upgrade", source=other)
        verify(*(k for _, k in kept), source=other)
        write("here", b"here")
        told = thule("audit", "verify", "--digest", digest()[1], source=other, status=1)
        equal(True, "no link has the given digest" in told, f"a digest that is not of the copy, in {told}")
        subprocess.run([*psql, other, "-c", "create role audit_reader; grant usage on schema thule to audit_reader;"
                        " grant select on all tables in schema thule to audit_reader; alter database"
                        f' "{name}" set role to audit_reader; update thule.superblock set next_op = next_op + 1'], check=True)
        verify(kept[-1][1], source=other)
        done = subprocess.run([THULE, "audit", "digest"], capture_output=True, text=True, env={**os.environ, "THULE_DB": other}, check=True)
        equal(True, "what was done since then (ops: 1)" in done.stderr, f"who may not link is told, in {done.stderr}")
    finally:
        subprocess.run([*psql, "postgres", "-c", f'drop database if exists "{name}" with (force)'], check=True)
        subprocess.run([*psql, "postgres", "-c", "drop role if exists audit_reader"], check=True)


check_usage()
digests = check_daemon()
check_commands(digests)
check_altered()
check_copy(digests)
