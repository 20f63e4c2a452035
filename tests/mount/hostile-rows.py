#!/usr/bin/env python3
"""Rows that no file can have, as in a dump that somebody made by hand: programs get EIO, the log names the inode,
thule.fsck names it, the daemon stays, and what is beside it can be used as before."""


import errno
import os
import subprocess

from case import equal, fails, path, read, shell, sql, write

TABLES = [t + h for t in ("inode", "dirent", "extent", "xattr") for h in ("", "_history")]

UNCHECKED = """do $$
declare c record;
begin
    for c in select case when contypid = 0 then 'table ' || conrelid::regclass else 'domain ' || contypid::regtype end as of, conname from pg_constraint
        where contype = 'c' and connamespace = 'thule'::regnamespace
    loop
        execute format('alter %s drop constraint %I', c.of, c.conname);
    end loop;
end $$"""

# What is in each directory beside the one that is spoilt, and what spoils that: {ino} of it, {dir} of the directory.
NAMES = {
    "long": "update thule.dirent set name = repeat('x', 3000)::bytea where ino = {ino}",
    "empty": "update thule.dirent set name = '' where ino = {ino}",
    "upwards": "update thule.dirent set name = '../../escaped' where ino = {ino}",
    "dots": "update thule.dirent set name = '..' where ino = {ino}",
    "zero": "update thule.dirent set name = 'a\\000b' where ino = {ino}",
    "cookie": "update thule.dirent set cookie = 2 where ino = {ino}",
    "same": "update thule.dirent set cookie = (select min(cookie) from thule.dirent where parent = {dir})"
    " where ino = {ino}",
}
INODES = {
    "type": "update thule.inode set mode = 420 where ino = {ino}",
    "size": "update thule.inode set size = -1 where ino = {ino}",
    "huge": "update thule.inode set size = 9223372036854775807 where ino = {ino}",
    "uid": "update thule.inode set uid = -1 where ino = {ino}",
    "nlink": "update thule.inode set nlink = -1 where ino = {ino}",
    "target": "update thule.inode set target = repeat('x', 9000)::bytea, mode = 41471 where ino = {ino}",
    "no-target": "update thule.inode set mode = 41471 where ino = {ino}",
}
ATTRIBUTES = {
    "name": "update thule.xattr set name = 'user.' || repeat('x', 3000)::bytea where ino = {ino} and name = 'user.a'",
    "value": "update thule.xattr set value = repeat('x', 200000)::bytea where ino = {ino} and name = 'user.a'",
    "count": "update thule.inode set xattrs = 1 where ino = {ino}",
}
BYTES = {
    "blob-offset": "update thule.extent set blob_off = 9223372036854775807 where ino = {ino}",
    "offset": "update thule.extent set file_off = -5, len = 9223372036854775807 where ino = {ino}",
    "length": "update thule.extent set len = 9223372036854775807 where ino = {ino}",
}


def inos(kinds, prefix, name):
    return {kind: (os.stat(path(prefix + kind, name)).st_ino, os.stat(path(prefix + kind)).st_ino) for kind in kinds}


def build():
    for prefix, kinds in (("n-", NAMES), ("i-", INODES), ("x-", ATTRIBUTES), ("b-", BYTES)):
        for kind in kinds:
            os.mkdir(path(prefix + kind))
            write(prefix + kind + "/good", b"good")
            write(prefix + kind + "/spoilt", b"spoilt")
    for kind in ATTRIBUTES:
        os.setxattr(path("x-" + kind, "spoilt"), "user.a", b"1")
        os.setxattr(path("x-" + kind, "spoilt"), "user.b", b"2")
    write("good", b"beside them")


def spoil():
    found = {}
    statements = [UNCHECKED] + [f"create table public.kept_{t} as table thule.{t}" for t in TABLES]
    for prefix, kinds in (("n-", NAMES), ("i-", INODES), ("x-", ATTRIBUTES), ("b-", BYTES)):
        for kind, (ino, parent) in inos(kinds, prefix, "spoilt").items():
            found[prefix + kind] = ino
            statements.append(kinds[kind].format(ino=ino, dir=parent))
    shell("umount_fs")
    shell("sql", ";".join(statements))
    shell("mount_fs")
    return found


def restore():
    shell("umount_fs")
    shell("sql", ";".join(f"truncate thule.{t}; insert into thule.{t} table public.kept_{t}" for t in TABLES))
    shell("sql", "delete from thule.blob b where not exists (select from thule.extent e where e.blob = b.id)")
    # Nor are there the ops of files that were made since.
    shell("sql", "delete from thule.op o where not exists (select from thule.inode i where i.ino = o.ino)"
          " and not exists (select from thule.inode_history i where i.ino = o.ino)")
    shell("mount_fs")


def check_tree(root, found):
    """root: the mount, or the whole of it in the past."""
    where = lambda *names: os.path.join(root, *names)
    for kind in NAMES:
        fails(errno.EIO, os.listdir, where("n-" + kind))
        # The name is asked for alone, and has nothing wrong with it.
        with open(where("n-" + kind, "good"), "rb") as f:
            equal(b"good", f.read(), "a file beside a name that cannot be")
    for kind in INODES:
        fails(errno.EIO, os.lstat, where("i-" + kind, "spoilt"))
        fails(errno.EIO, os.readlink, where("i-" + kind, "spoilt"))
        fails(errno.EIO, os.listdir, where("i-" + kind))
        equal(4, os.stat(where("i-" + kind, "good")).st_size, "size of a file beside an inode that cannot be")
    for kind in ATTRIBUTES:
        spoilt = where("x-" + kind, "spoilt")
        # Of the past, one is asked for by its name; of the present, all at once.
        if root == path():
            fails(errno.EIO, os.listxattr, spoilt)
            fails(errno.EIO, os.getxattr, spoilt, "user.b")
        else:
            equal(b"2", os.getxattr(spoilt, "user.b"), "an attribute beside one that cannot be")
            if kind != "count":
                fails(errno.EIO, os.listxattr, spoilt)
        equal(["good", "spoilt"], sorted(os.listdir(where("x-" + kind))), "names beside attributes")
    for kind in BYTES:
        try:
            with open(where("b-" + kind, "spoilt"), "rb") as f:
                f.seek(0, os.SEEK_HOLE)
                f.seek(0)
                f.read()
        except OSError as e:
            if e.errno not in (errno.EIO, errno.ENXIO):
                raise
        with open(where("b-" + kind, "good"), "rb") as f:
            equal(b"good", f.read(), "bytes beside extents that cannot be")
    fails(errno.EIO, read_all, where("b-blob-offset", "spoilt"))


def read_all(name):
    with open(name, "rb") as f:
        return f.read()


def check_commands(op):
    """They say what is wrong, or go on; and an archive never leads out of where it is unpacked."""
    for name in sorted(os.listdir(path())) + [""]:
        for command in (["tar"], ["ls"], ["stat"], ["log"], ["blame"], ["diff", f"op:{op - 1}", f"op:{op}"]):
            at = ["--at", f"op:{op}"] if command[0] in ("tar", "ls", "stat") else []
            done = subprocess.run(
                [os.environ["THULE"], *command, path(name), *at], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            said = (done.stdout + done.stderr).decode(errors="replace")
            if done.returncode not in (0, 1, 2):
                raise AssertionError(f"thule {command} {name}: status {done.returncode}\n{said}")
            if command == ["tar"]:
                listed = subprocess.run(["tar", "-tf", "-"], input=done.stdout, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL).stdout.decode(errors="replace")
                if ".." in listed.replace("...", ""):
                    raise AssertionError(f"thule tar {name} leads out of its directory: {listed}")
    done = subprocess.run([os.environ["THULE"], "tar", path("n-upwards")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    equal(1, done.returncode, "status of a tar of a directory with ../../escaped")
    if b"impossible value" not in done.stderr:
        raise AssertionError(f"thule tar says {done.stderr}")


def main():
    build()
    found = spoil()
    daemon = sql("select max(id) from thule.mount")
    check_tree(path(), found)
    op = int(sql("select next_op - 1 from thule.superblock")[0][0])
    check_tree(path(".thule", "at", f"op:{op}"), found)
    check_commands(op)
    # Changes beside what cannot be, and of it.
    for name in ("n-long", "n-same", "i-size", "b-length"):
        write(name + "/new", b"new")
        equal(b"new", read(name + "/new"), "a new file")
        os.unlink(path(name, "new"))
    for name in ("n-cookie", "n-dots"):  # where the good name is known
        fails(errno.ENOTEMPTY, os.rmdir, path(name))
    equal(b"beside them", read("good"), "a file elsewhere")
    with open(os.path.join(os.environ["CASE_DIR"], "daemon.log"), encoding="utf-8", errors="replace") as f:
        log = f.read()
    for kind, ino in found.items():
        if kind.startswith("i-") and f"inode {ino}: the database has an impossible value" not in log:
            raise AssertionError(f"{kind}: the log does not name inode {ino}")
    if max(map(len, log.splitlines())) > 1500:
        raise AssertionError("the log has the row itself")
    named = {row[0] for row in sql("select distinct ino from thule.fsck where ino is not null")}
    for kind, ino in found.items():
        if str(ino) not in named and kind != "n-same":
            raise AssertionError(f"{kind}: thule.fsck does not name inode {ino}")
    equal(daemon, sql("select max(id) from thule.mount"), "the daemon's mount")
    restore()


main()
