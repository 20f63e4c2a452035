#!/usr/bin/python3
# The tables of osquery beside what the kernel says of the same mount: stat(2), hashes of the bytes, getfattr. A pack of queries as people write
# them for osquery runs unchanged, but for the directory that it looks in.
import hashlib
import json
import os
import subprocess

from case import LIB, MNT, equal, path, shell, sql, write
from other import eventually

PACK = os.path.join(LIB, "..", "mount", "osquery.json")


def tree():
    for name in ("etc", "etc/sub", "tmp", "empty", "été"):
        os.mkdir(path(name))
    for name, data in (("etc/passwd", b"root:x\n"), ("etc/sub/deep", b"y" * 300000), ("tmp/.unlock", b""), ("tmp/open", b"1"), ("été/à la", b"z")):
        write(name, data)
    os.chmod(path("tmp/open"), 0o666)
    os.chmod(path("etc/sub/deep"), 0o6755)
    os.symlink("etc/passwd", path("link"))
    os.symlink(path("etc/sub"), path("absolute"))
    os.symlink("nowhere", path("dangling"))
    os.link(path("etc/passwd"), path("etc/hard"))
    os.mkfifo(path("fifo"))
    os.utime(path("etc/passwd"), ns=(1500000000999999999, -1500000000))
    os.setxattr(path("etc/passwd"), "user.text", b"abc\0")
    os.setxattr(path("etc/passwd"), "user.bytes", b"\x00\xff")
    write("etc/gone", b"123")
    os.rename(path("etc/gone"), path("etc/moved"))
    os.unlink(path("etc/moved"))
    if os.geteuid() == 0:
        os.mknod(path("device"), 0o60600, os.makedev(259, 70000))
        os.chown(path("tmp/open"), 12345, 54321)


def everything():
    found = [os.path.join(at, name) for at, dirs, names in os.walk(MNT) for name in dirs + names]
    return [MNT] + sorted(found)


KINDS = {0o100000: "regular", 0o40000: "directory", 0o60000: "block", 0o20000: "character", 0o10000: "fifo", 0o140000: "socket"}


def expected(name):
    """A row of `file` as osquery makes it: of what a link leads to, if there is such a thing."""
    link = os.path.islink(name)
    try:
        st, kind = os.stat(name), None
    except FileNotFoundError:
        st, kind = os.lstat(name), "unknown"
    return [name, os.path.dirname(name), os.path.basename(name), st.st_ino, st.st_uid, st.st_gid, f"{st.st_mode & 0o7777:04o}", st.st_rdev,
            st.st_size, st.st_blksize, st.st_atime_ns // 10**9, st.st_mtime_ns // 10**9, st.st_ctime_ns // 10**9, st.st_nlink, int(link),
            kind or KINDS[st.st_mode & 0o170000], os.readlink(name) if link else ""]


COLUMNS = ("path, directory, filename, inode, uid, gid, mode, device, size, block_size, atime, mtime, ctime, hard_links, symlink, type, "
           "symlink_target_path")


def same(expected_rows, rows, what):
    """The same rows in any order; says which are not."""
    missing, surplus = [r for r in expected_rows if r not in rows], [r for r in rows if r not in expected_rows]
    equal(([], [], len(expected_rows)), (missing, surplus, len(rows)), f"{what}: rows that are missing, and that are too many")


def files(names):
    # Access times come with the next look of the daemon.
    rows = [[str(v) for v in expected(name)] for name in names]
    eventually("access times", lambda: sorted(r[10] for r in rows) == sorted(r[10] for r in sql(f"select {COLUMNS} from osquery.file")))
    same(rows, sql(f"select {COLUMNS} from osquery.file"), "all files")
    for name, row in zip(names, rows):
        equal([row], sql(f"select {COLUMNS} from osquery.file where path = '{name}'"), f"path = {name}")
        below = [r for r in rows if r[1] == name]
        same(below, sql(f"select {COLUMNS} from osquery.file where directory = '{name}'"), f"directory = {name}")
        below = [r for r in rows if r[0].startswith(name + "/")]
        same(below, sql(f"select {COLUMNS} from osquery.file where path like '{name}/%'"), f"path like {name}/%")


def hashes(names):
    def digests(name):
        with open(name, "rb") as f:
            data = f.read()
        return [name, hashlib.md5(data).hexdigest(), hashlib.sha256(data).hexdigest()]
    regular = [digests(name) for name in names if os.path.isfile(name)]
    same(regular, sql("select path, md5, sha256 from osquery.hash"), "hashes")
    row = next(r for r in regular if r[0].endswith("/link"))
    equal([row], sql(f"select path, md5, sha256 from osquery.hash where path = '{row[0]}'"), "of a link")
    # pgcrypto is not everywhere; where it is, the third hash is there as well.
    if sql("select count(*) from pg_available_extensions where name = 'pgcrypto'") == [["1"]]:
        name = path("etc/sub/deep")
        with open(name, "rb") as f:
            want = hashlib.sha1(f.read()).hexdigest()
        equal([["none"]], sql(f"select coalesce(sha1, 'none') from osquery.hash where path = '{name}'"), "without pgcrypto")
        sql('create schema "my crypto"; create extension pgcrypto schema "my crypto"')
        equal([[want]], sql(f"select sha1 from osquery.hash where path = '{name}'"), "with it")


def pack():
    with open(PACK, encoding="utf-8") as f:
        queries = json.load(f)["queries"]
    rows = {}
    held = os.open(path("tmp/open"), os.O_RDONLY)
    for name, entry in queries.items():
        query = entry["query"].replace("@", MNT)
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", os.environ["THULE_SOURCE"], "-c", "set search_path = osquery, thule, public",
                               "-c", query], stdout=subprocess.PIPE, check=True)
        rows[name] = [line.split("|") for line in done.stdout.decode().splitlines()]
    os.close(held)
    equal([[str(os.getpid()), path("tmp/open")]], rows["open_files"], "open files")
    equal([[str(os.getpid()), path("tmp/open"), os.path.realpath("/proc/self/exe")]], rows["open_files_of_who_wrote"], "with the events of the process")
    equal([MNT], [r[2] for r in rows["mounts"]], "mounts")
    owner = os.stat(path("etc")).st_uid
    for name, found in rows.items():
        if not found and not (name == "suid_of_root" and owner):
            raise AssertionError(f"{name} found nothing")
    equal([[path("etc/sub/deep"), "SG"]], [[r[0], r[3]] for r in rows["suid_bin"]], "suid_bin")
    equal([path("etc/hard"), path("etc/passwd"), path("etc/sub/deep")], sorted(r[0] for r in rows["integrity_of_a_tree"]), "the tree")
    equal([path("etc/hard"), path("etc/passwd")], sorted(r[0] for r in rows["directory_with_a_slash"]), "a slash at the end")
    equal([[path("tmp/open"), "0666", str(os.stat(path("tmp/open")).st_uid)]], rows["world_writable"], "world_writable")
    equal([[path("tmp/.unlock")]], [r[:1] for r in rows["artifacts"]], "artifacts")
    equal([["2", "deep,sub"]], [[r[0], ",".join(sorted(r[1].split(",")))] for r in rows["modified_lately"]], "modified_lately")
    events = {tuple(r[:2]) for r in rows["recent_file_events"] if r[0] in (path("etc/gone"), path("etc/moved"))}
    equal({(path("etc/gone"), a) for a in ("CREATED", "UPDATED", "MOVED_FROM")} | {(path("etc/moved"), a) for a in ("MOVED_TO", "DELETED")}, events, "events")
    mine = [r for r in rows["who_deleted"] if r[0] == str(os.getpid())]
    equal([path("etc/gone"), path("etc/moved")], sorted(r[2] for r in mine), "who deleted")
    equal([[path("etc/hard"), "user.bytes", "AP8=", "1"], [path("etc/hard"), "user.text", "abc", "0"],
           [path("etc/passwd"), "user.bytes", "AP8=", "1"], [path("etc/passwd"), "user.text", "abc", "0"]], sorted(rows["attributes"]), "attributes")


def main():
    tree()
    names = everything()
    files(names)
    hashes(names)
    pack()
    # Without a mount the paths stay the same; with another one they are those of that.
    shell("umount_fs")
    equal([[MNT]], [shell("sql", "select path from osquery.file where inode = 1").split("|")], "the root, not mounted")


main()
