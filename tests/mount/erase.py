#!/usr/bin/python3
# `thule erase` leaves no row and no blob of a file, on a live mount and without one, in snapshots neither, and a receipt;
# everything else stays. What is held, open without a name, or a directory is refused.
import hashlib
import json
import os
import subprocess
import time

from attributes import ACCESS, list_of_two
from case import MNT, equal, fails, path, read, remount, shell, sql, write

THULE = os.environ["THULE"]
TABLES = {
    "inode": "ino", "inode_history": "ino", "dirent": "ino", "dirent_history": "ino", "extent": "ino",
    "extent_history": "ino", "xattr": "ino", "xattr_history": "ino",
}


def thule(*arguments, status=0):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stdout}{done.stderr}")
    return done.stdout if status == 0 else done.stderr


def rows_of(*inos):
    wanted = ",".join(map(str, inos))
    return {table: int(sql(f"select count(*) from thule.{table} where {ino} in ({wanted})")[0][0])
            for table, ino in TABLES.items() if sql(f"select 1 from thule.{table} where {ino} in ({wanted}) limit 1")}


def blobs_with(text):
    return int(sql(f"select count(*) from thule.blob where position('{text}'::bytea in data) > 0")[0][0])


def values_with(text):
    return int(sql(f"""select count(*) from (select value from thule.xattr union all select value from thule.xattr_history) x
        where position('{text}'::bytea in value) > 0""")[0][0])


def unused_blobs():
    return sql("select count(*) from thule.blob b where not exists (select from thule.extent e where e.blob = b.id)"
               " and not exists (select from thule.extent_history e where e.blob = b.id)")


def erase(name, **expected):
    receipt = json.loads(thule("erase", path(name), "--yes", "--json"))
    for key, value in expected.items():
        equal(value, receipt[key], f"{key} in the receipt of {name}")
    equal([["0"]], unused_blobs(), f"blobs that nothing refers to after erasing {name}")
    equal([], sql("select * from thule.fsck"), f"fsck after erasing {name}")
    equal([[str(receipt["id"]), "/" + name]], sql(f"select id, path from thule.receipt where id = {receipt['id']}"), "the row")
    return receipt


def check_live():
    """Several versions, several names, a life before this one, a snapshot."""
    write("secret", b"TOPSECRET of old")
    first = os.stat(path("secret")).st_ino
    os.unlink(path("secret"))
    write("secret", b"TOPSECRET one")
    ino = os.stat(path("secret")).st_ino
    thule("snapshot", "create", "before")
    write("secret", b"TOPSECRET two" + b"x" * 200_000)
    os.link(path("secret"), path("dir", "link"))
    os.chmod(path("secret"), 0o600)
    os.rename(path("secret"), path("moved"))
    os.rename(path("moved"), path("secret"))
    for value in (b"TOPSECRET label", b"TOPSECRET other label"):
        os.setxattr(path("secret"), "user.label", value)
    os.setxattr(path("secret"), "user.removed", b"TOPSECRET")
    os.removexattr(path("secret"), "user.removed")
    os.setxattr(path("secret"), ACCESS, list_of_two(0o600, 1000, 1000, 6))
    os.chmod(path("secret"), 0o640)
    equal(3, values_with("TOPSECRET"), "values of attributes")
    content = read("secret")
    equal(True, blobs_with("TOPSECRET") > 2, "there are blobs")
    erase("secret", sha256=hashlib.sha256(content).hexdigest(), size=len(content), names=2, shared=0,
          files=sorted([first, ino]))
    fails(2, os.stat, path("secret"))
    fails(2, os.stat, path("dir", "link"))
    equal(["kept"], sorted(os.listdir(path("dir"))), "names in the directory")
    equal({}, rows_of(first, ino), "rows that are left")
    equal(0, blobs_with("TOPSECRET"), "blobs that are left")
    equal(0, values_with("TOPSECRET"), "values of attributes that are left")
    equal(b"other", read("dir/kept"), "the others")
    thule("cat", path("secret"), "--at", "before", status=1)
    # Its name can be used again.
    write("secret", b"harmless")
    equal(b"harmless", read("secret"), "a new file of that name")
    os.unlink(path("secret"))


def check_shared():
    write("source", b"SHARED" * 1000)
    sql("select 1")
    thule("restore", path("source"), "--at", "now", "--to", path("copy"))
    receipt = erase("source", shared=1, blobs=0)
    equal(["/copy"], receipt["shared_with"], "who has the same bytes")
    equal(b"SHARED" * 1000, read("copy"), "the copy")
    erase("copy", shared=0, blobs=1)


def check_part():
    """A copy of a part keeps the blob, and in it nothing but that part; also of a version that is past."""
    text = b"PARTSECRET" * 10_000
    write("whole", text)
    write("part", b"")
    with open(path("whole"), "rb") as source, open(path("part"), "r+b") as target:
        equal(20, os.copy_file_range(source.fileno(), target.fileno(), 20, 50_000), "copied")
        equal(10, os.copy_file_range(source.fileno(), target.fileno(), 10, 70_000), "copied")
    copied = read("part")
    thule("snapshot", "create", "copied")
    with open(path("part"), "r+b") as f:
        f.write(b"over")
    receipt = erase("whole", shared=1, blobs=0)
    equal(["/part"], receipt["shared_with"], "who has the same bytes")
    equal(len(text) - 30, receipt["bytes"], "bytes that are gone")
    equal(b"over" + copied[4:], read("part"), "the copy")
    equal(copied, subprocess.run([THULE, "cat", path("part"), "--at", "copied"], check=True, stdout=subprocess.PIPE).stdout,
          "the copy as it was")
    equal(0, int(sql("select count(*) from thule.blob where position(repeat('PARTSECRET', 3)::bytea in data) > 0")[0][0]),
          "blobs with more than the copy")


def check_statistics():
    """The server's notes on what is in the tables have nothing of it, and what was deleted is vacuumed."""
    for i in range(40):
        write(f"noted-{i}", b"NOTED%d" % i)
        os.setxattr(path(f"noted-{i}"), "user.label", b"NOTED%d" % i)
        os.symlink(f"NOTED{i}", path(f"noted-link-{i}"))
    write("noted", b"NOTED0")
    for i in range(40):
        write("noted", b"NOTED%d" % i)
        os.setxattr(path("noted"), "user.label", b"NOTED%d" % i)
    tables = ("blob", "inode", "inode_history", "dirent", "dirent_history", "xattr", "xattr_history", "extent_history")
    for table in tables:
        sql(f"analyze thule.{table}")
    erase("noted")
    for i in range(40):
        os.unlink(path(f"noted-{i}"))
        os.unlink(path(f"noted-link-{i}"))
    noted = sql("select tablename, attname from pg_stats where schemaname = 'thule' and tablename <> 'op'"
                " and concat(most_common_vals, histogram_bounds) like '%' || encode('NOTED', 'hex') || '%'")
    equal([], noted, "statistics with what was erased")
    end = time.monotonic() + 60
    while sql(f"select relname from pg_stat_user_tables where schemaname = 'thule' and relname in {tables}"
              " and vacuum_count = 0"):
        if time.monotonic() > end:
            raise AssertionError("not all tables were vacuumed")
        time.sleep(0.1)


def check_refused():
    write("held", b"x")
    thule("hold", path("held"))
    equal(True, "is held" in thule("erase", path("held"), "--yes", status=1), "what a hold says")
    thule("hold", "--release", path("held"))
    equal(True, "is a directory" in thule("erase", path("dir"), "--yes", status=2), "what a directory says")
    thule("erase", path("never"), "--yes", status=1)
    thule("erase", path("held"), status=2)
    thule("erase", status=2)
    with open(path("held"), "rb") as f:
        os.unlink(path("held"))
        said = thule("erase", path("held"), "--yes", status=1)
        equal(True, "still has open" in said, f"what an open file says: {said}")
        equal(b"x", f.read(), "its content")
    sql("select 1")
    erase("held", names=0)


def check_open():
    """A file that is open and has a name: who has it open gets errors, and nothing of it comes back."""
    write("busy", b"BUSYBYTES")
    with open(path("busy"), "r+b", buffering=0) as f:
        ino = os.fstat(f.fileno()).st_ino
        erase("busy")
        try:
            f.write(b"BUSYBYTES again")
            os.fsync(f.fileno())
        except OSError:
            pass
    os.close(os.open(MNT, os.O_RDONLY))
    equal({}, rows_of(ino), "rows after a write to an erased file")
    equal(0, blobs_with("BUSYBYTES"), "blobs after a write to an erased file")


def check_unmounted():
    write("offline", b"OFFLINE" * 100)
    ino = os.stat(path("offline")).st_ino
    shell("umount_fs")
    receipt = json.loads(thule("erase", "/offline", "--yes", "--json"))
    equal(hashlib.sha256(b"OFFLINE" * 100).hexdigest(), receipt["sha256"], "hash")
    shell("mount_fs")
    fails(2, os.stat, path("offline"))
    equal({}, rows_of(ino), "rows that are left")
    equal(0, blobs_with("OFFLINE"), "blobs that are left")


def check_undo():
    """What was erased cannot be undone."""
    write("gone", b"GONE")
    receipt = erase("gone")
    subprocess.run([THULE, "undo", "--tag", receipt["tag"]], capture_output=True, cwd=MNT, check=False)
    fails(2, os.stat, path("gone"))
    equal([], sql("select * from thule.fsck"), "fsck after undoing an erase")


def main():
    os.mkdir(path("dir"))
    write("dir/kept", b"other")
    check_live()
    check_shared()
    check_part()
    check_statistics()
    check_refused()
    check_open()
    check_unmounted()
    check_undo()
    remount()
    equal(["dir", "part"], sorted(os.listdir(MNT)), "what is left")
    equal(b"other", read("dir/kept"), "the others")
    equal(9, len(json.loads(thule("erase", "--list", "--json"))), "receipts")


main()
